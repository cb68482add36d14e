// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "train/shape.h"

namespace antiphon::train {

/// Writes a tiny random model and what libtorch computes with it, as NAME.json (its configuration)
/// and NAME.safetensors: the weights under their own names and, all in F32,
///   golden.rows        [steps, R]             rows of each step's input, padded with -1
///   golden.times       [steps]                musical times
///   golden.conditions  [steps, fields - 1, C] rows added after each field, padded with -1
///   golden.z           [steps, dim]           the last norm of each step
///   golden.logits.NAME [steps, size]          with the conditions of the fields before
/// so that an engine can be held against libtorch where there is none.
Status write_golden(const Shape& shape, std::uint64_t seed, const std::filesystem::path& folder,
                    const std::string& name);

/// The shapes that the project's own vectors are made of: one with all that an event transformer
/// can have, a plain language model, and an event LSTM.
Shape golden_shape();
Shape golden_plain_shape();
Shape golden_lstm_shape();
/// A masked transformer, whose steps see each other.
Shape golden_masked_shape();

}  // namespace antiphon::train
