/* bowshot.h is C: this file would not compile otherwise. */
#include "bowshot.h"

int32_t abi_version_seen_by_c(void);

int32_t abi_version_seen_by_c(void) {
  return bowshot_abi_version() == BOWSHOT_ABI_VERSION ? BOWSHOT_ABI_VERSION : -1;
}
