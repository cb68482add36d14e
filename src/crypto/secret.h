// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace antiphon::crypto {

/// 192 random bits in 32 characters of base64 for URLs: a secret that nobody guesses, so that an
/// ordinary hash keeps it.
std::string new_secret();

}  // namespace antiphon::crypto
