#pragma once

#include <string>
#include <string_view>

namespace bowshot {

/// Percent-encodes what a URL's path or query may not hold as it is. The reverse of percent_decode
/// (request.hpp); leaves letters, digits and - . _ ~ , : ( ) as they are.
std::string percent_encode(std::string_view text);

/// Decodes `%61` and all that is the same in a URL without its escape (RFC 3986, 6.2.2.2): letters,
/// digits and - . _ ~. Other escapes, broken ones too, stay as they are.
std::string decode_unreserved(std::string_view text);

}  // namespace bowshot
