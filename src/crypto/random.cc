// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <sodium.h>

namespace antiphon::crypto {

double SecretUniform::operator()() {
  if (left_ == 0) {
    randombytes_buf(bits_.data(), sizeof bits_);
    left_ = bits_.size();
  }
  return static_cast<double>(bits_[--left_] >> 11) * 0x1.0p-53;
}

}  // namespace antiphon::crypto
