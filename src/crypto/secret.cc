// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <sodium.h>

#include <array>

namespace antiphon::crypto {

std::string new_secret() {
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::array<unsigned char, 24> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();  // The end of a C string.
  return text;
}

}  // namespace antiphon::crypto
