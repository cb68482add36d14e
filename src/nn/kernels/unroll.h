// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Before a loop over a few vector registers: writes it out, so that an array of them stays in
/// registers.
#if defined(__clang__)
#define ANTIPHON_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define ANTIPHON_UNROLL _Pragma("GCC unroll 32")
#else
#define ANTIPHON_UNROLL
#endif
