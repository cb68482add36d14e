// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace antiphon::train::kernels {

/// The loops beneath the CPU's operations: one pass over memory each, plain enough that the
/// compiler turns them into vector code. Each handles some rows and starts no threads.
/// `T` is float or `Bf16`.

/// A bfloat16 number: the upper half of a float.
struct Bf16 {
  std::uint16_t bits;
};

/// out = sum of the table's rows in each bag, bags [begin, end).
void bag(const float* table, const std::int32_t* rows, const std::int32_t* offsets,
         std::int64_t begin, std::int64_t end, std::int64_t dim, float* out);

/// Adds the gradient of bags [0, bags) to the table's, for components [begin, end) only.
void bag_gradient(const float* out_gradient, const std::int32_t* rows, const std::int32_t* offsets,
                  std::int64_t bags, std::int64_t dim, std::int64_t begin, std::int64_t end,
                  float* table_gradient);

/// sum = x + delta (delta may be null: then sum isn't written), normed = rmsnorm(sum) * weight,
/// scale[row] = 1 / rms.
template <class T>
void add_norm(const float* x, const T* delta, const float* weight, std::int64_t rows,
              std::int64_t dim, float* sum, T* normed, float* scale);

/// x_gradient = sum_gradient (may be null: zero) + the norm's; delta_gradient (may be null) is the
/// same in T; weight_gradient is added to.
template <class T>
void add_norm_gradient(const float* sum, const float* weight, const float* scale,
                       const float* sum_gradient, const T* normed_gradient, std::int64_t rows,
                       std::int64_t dim, float* x_gradient, T* delta_gradient,
                       float* weight_gradient);

template <class T>
void swiglu(const T* gate_up, std::int64_t rows, std::int64_t ff, T* out);
template <class T>
void swiglu_gradient(const T* gate_up, const T* out_gradient, std::int64_t rows, std::int64_t ff,
                     T* gate_up_gradient);

/// out[d], out[d + half] = the pair (in[d], in[d + half]) turned by its angle and scaled;
/// `direction` -1 turns back.
template <class T>
void rotate(const T* in, const float* cosine, const float* sine, std::int64_t half, float scale,
            float direction, T* out);

/// Softmax over scores[first..last] in place; the rest of the row becomes 0.
template <class T>
void softmax(T* scores, std::int64_t first, std::int64_t last, std::int64_t length);

/// p_gradient[first..last] becomes the scores' gradient; the rest of the row becomes 0.
template <class T>
void softmax_gradient(const T* p, T* p_gradient, std::int64_t first, std::int64_t last,
                      std::int64_t length);

/// -ln softmax(logits + bias)[target] of each row times its weight (null: 1), added up; `gradient`
/// is softmax minus the target's one, times the weight.
template <class T>
double cross_entropy(const T* logits, const float* bias, const std::int64_t* target,
                     const float* weight, std::int64_t rows, std::int64_t size, T* gradient);

/// Sums of the columns of x [rows, size], added to `out`.
template <class T>
void column_sums(const T* x, std::int64_t rows, std::int64_t size, float factor, float* out);

/// One time step of an LSTM for `rows` sequences. `x_gates` and `h_gates` are what the input and
/// the state before add to the gates (input, forget, cell, output), the former's rows `x_stride`
/// apart; `keep` is 0 where the sequence begins anew, else 1; so is `keep_next` one step later
/// (null: 1). Writes the opened gates, the cells, the state `h` with rows `h_stride` apart and, as
/// the next step will see it, `h_next` (may be null).
struct LstmStep {
  std::int64_t rows, dim, x_stride, h_stride;
  const float *keep, *keep_next;
};
template <class T>
void lstm(const LstmStep& step, const T* x_gates, const T* h_gates, const float* bias,
          const float* cells_before, T* gates, float* cells, T* h, T* h_next);

/// Turns the gradients of `h` (from the layer above, rows `h_stride` apart, and from the next step)
/// and of the cells into those of the gates, `gates` in place, and of the cells before.
template <class T>
void lstm_gradient(const LstmStep& step, const T* h_gradient, const T* next_gradient,
                   const float* cells_before, const float* cells, T* gates, float* cells_gradient);

/// One AdamW step (Loshchilov and Hutter 2019) on `count` numbers. `rate` has the bias corrections
/// in it, `shrink` is 1 - learning rate * decay. `copy` (may be null) gets the new values in
/// bfloat16.
struct AdamStep {
  float beta1, beta2, rate, root_correction, epsilon, shrink, gradient_factor;
};
template <class T>
void adam(const AdamStep& step, const T* gradient, std::int64_t count, float* value, float* mean,
          float* square, Bf16* copy);

template <class T>
double sum_of_squares(const T* x, std::int64_t count);

}  // namespace antiphon::train::kernels
