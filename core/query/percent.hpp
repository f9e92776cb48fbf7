#pragma once

#include <string>
#include <string_view>

namespace bowshot {

/// Percent-encodes what a URL's path or query may not hold as it is. The reverse of percent_decode
/// (request.hpp); leaves letters, digits and - . _ ~ , : ( ) as they are.
std::string percent_encode(std::string_view text);

}  // namespace bowshot
