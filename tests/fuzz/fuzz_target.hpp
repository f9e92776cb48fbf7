#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// A fuzz target is one function, of any bytes; it ends the process when a promise is broken. The
// fuzzer calls it with what it invents, replay.cpp with the files of a corpus.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace bowshot::fuzz {

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace bowshot::fuzz
