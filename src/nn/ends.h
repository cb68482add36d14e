// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/config.h"
#include "nn/kernels/kernels.h"
#include "nn/loader.h"
#include "nn/matrix.h"

namespace antiphon::nn {

/// One event as the backbone sees it: the rows of the input table that are summed, and its musical
/// time in steps of the grid. The rows are borrowed for the call.
struct Step {
  std::span<const std::uint16_t> rows;
  std::int32_t time = 0;
};

/// The weights that choose one field.
struct Head {
  Matrix hidden;              ///< [hidden, dim]; empty for a plain head.
  Matrix logits;              ///< [size, hidden or dim]
  AlignedVector<float> bias;  ///< [size]; empty for a plain head.
};

/// Both ends of an event model, whatever its backbone is: the table that steps are summed from, and
/// the last norm and the heads that events are chosen with.
struct Ends {
  Table input;                ///< [input_rows, dim]
  Table condition;            ///< [condition_rows, dim]
  AlignedVector<float> norm;  ///< [dim]
  std::vector<Head> heads;    ///< One a field.

  static Result<Ends> load(Loader& loader, const EventConfig& config);

  /// x [dim] = the sum of the step's rows.
  void embed(const Step& step, std::span<float> x) const;
  /// z = the last norm of each row of x. Shapes: [steps, dim].
  void finish(const Kernels& kernels, std::span<const float> x, std::span<float> z) const;

  /// Memory that the choice of all fields reads.
  std::size_t bytes() const;
  /// What `HeadBuffers` of these heads need for a row: floats, and bytes.
  std::size_t widest_hidden() const;
  std::size_t widest_operand() const;
  std::size_t largest_field() const;
};

/// Room for the rows of one product after the other. Strides in floats and in bytes.
struct HeadBuffers {
  float* hidden;
  std::size_t hidden_stride;
  std::byte* operands;
  std::size_t operand_stride;
};

/// logits[r][0..size) of a field for each row z[r]. Strides in floats.
void run_head(const Head& head, const Kernels& kernels, const HeadBuffers& buffers,
              std::size_t rows, const float* z, std::size_t z_stride, float* logits,
              std::size_t logits_stride);

/// The choice of an event's fields, one after another, from what a backbone gave.
///
/// Threads: one at a time. Real time: after construction nothing allocates. Borrows the model's
/// ends and kernels.
class Choice {
 public:
  Choice(const Ends& ends, const Kernels& kernels);

  /// Starts from a backbone's output [dim].
  void begin(std::span<const float> z);
  /// Logits [size of the field], given what was chosen so far. Valid until the next call.
  std::span<float> logits(std::size_t field);
  /// Tells the choice of a field to those after it. No rows is a valid choice.
  void condition(std::span<const std::uint16_t> rows);

  /// The output with the conditions of the fields chosen so far, [dim].
  std::span<const float> z() const { return z_; }

 private:
  const Ends* ends_;
  const Kernels* kernels_;
  AlignedVector<float> z_, hidden_, logits_;
  AlignedVector<std::byte> operand_;
};

}  // namespace antiphon::nn
