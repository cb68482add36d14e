// SPDX-License-Identifier: Apache-2.0
#include "train/kernels.h"

#include <bit>
#include <cmath>

namespace antiphon::train::kernels {
namespace {

constexpr float epsilon = 1e-5F;

inline float load(float x) { return x; }
inline float load(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }

// To the nearest, ties to even. NaN stays NaN unless its payload is in the lower half only, which
// no arithmetic makes.
inline void store(float& to, float x) { to = x; }
inline void store(Bf16& to, float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  to.bits = static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

// e^x for x in about [-87, 88], clamped there: 2^n times a polynomial (minimax on [-ln 2 / 2,
// ln 2 / 2], after Moshier's Cephes), with relative error below 2e-7.
inline float exp_of(float x) {
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float rounded =
      x * 1.44269504F + 12582912.0F;  // 1.5 * 2^23: the integer is in the low bits.
  const float n = rounded - 12582912.0F;
  const float r = x - n * 0.693359375F + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(rounded) << 23) + (127U << 23);
  return p * std::bit_cast<float>(exponent);
}

inline float sigmoid(float x) { return 1.0F / (1.0F + exp_of(-x)); }
inline float tanh_of(float x) { return 2.0F * sigmoid(2.0F * x) - 1.0F; }

}  // namespace

void bag(const float* table, const std::int32_t* rows, const std::int32_t* offsets,
         std::int64_t begin, std::int64_t end, std::int64_t dim, float* out) {
  for (std::int64_t i = begin; i < end; ++i) {
    float* to = out + i * dim;
    for (std::int64_t d = 0; d < dim; ++d) to[d] = 0.0F;
    for (std::int32_t r = offsets[i]; r < offsets[i + 1]; ++r) {
      const float* row = table + rows[r] * dim;
      for (std::int64_t d = 0; d < dim; ++d) to[d] += row[d];
    }
  }
}

void bag_gradient(const float* out_gradient, const std::int32_t* rows, const std::int32_t* offsets,
                  std::int64_t bags, std::int64_t dim, std::int64_t begin, std::int64_t end,
                  float* table_gradient) {
  for (std::int64_t i = 0; i < bags; ++i) {
    const float* from = out_gradient + i * dim;
    for (std::int32_t r = offsets[i]; r < offsets[i + 1]; ++r) {
      float* row = table_gradient + rows[r] * dim;
      for (std::int64_t d = begin; d < end; ++d) row[d] += from[d];
    }
  }
}

template <class T>
void add_norm(const float* x, const T* delta, const float* weight, std::int64_t rows,
              std::int64_t dim, float* sum, T* normed, float* scale) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* in = x + row * dim;
    float squares = 0;
    if (delta != nullptr) {
      float* out = sum + row * dim;
      const T* add = delta + row * dim;
#pragma omp simd reduction(+ : squares)
      for (std::int64_t d = 0; d < dim; ++d) {
        const float value = in[d] + load(add[d]);
        out[d] = value;
        squares += value * value;
      }
      in = out;
    } else {
#pragma omp simd reduction(+ : squares)
      for (std::int64_t d = 0; d < dim; ++d) squares += in[d] * in[d];
    }
    const float s = 1.0F / std::sqrt(squares / static_cast<float>(dim) + epsilon);
    scale[row] = s;
    T* to = normed + row * dim;
#pragma omp simd
    for (std::int64_t d = 0; d < dim; ++d) store(to[d], in[d] * s * weight[d]);
  }
}

template <class T>
void add_norm_gradient(const float* sum, const float* weight, const float* scale,
                       const float* sum_gradient, const T* normed_gradient, std::int64_t rows,
                       std::int64_t dim, float* x_gradient, T* delta_gradient,
                       float* weight_gradient) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* in = sum + row * dim;
    const T* g = normed_gradient + row * dim;
    const float s = scale[row];
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (std::int64_t d = 0; d < dim; ++d) {
      const float weighted = load(g[d]) * in[d] * s;
      weight_gradient[d] += weighted;
      dot += weighted * weight[d];
    }
    const float along = dot * s * s / static_cast<float>(dim);
    float* to = x_gradient + row * dim;
    // With y = x s: dx = s (dy - y <dy, y> / dim), and <dy, y> is `dot`, y = in * s.
    if (sum_gradient != nullptr) {
      const float* add = sum_gradient + row * dim;
#pragma omp simd
      for (std::int64_t d = 0; d < dim; ++d) {
        to[d] = add[d] + s * load(g[d]) * weight[d] - in[d] * along;
      }
    } else {
#pragma omp simd
      for (std::int64_t d = 0; d < dim; ++d) to[d] = s * load(g[d]) * weight[d] - in[d] * along;
    }
    if (delta_gradient != nullptr) {
      T* narrow = delta_gradient + row * dim;
#pragma omp simd
      for (std::int64_t d = 0; d < dim; ++d) store(narrow[d], to[d]);
    }
  }
}

template <class T>
void swiglu(const T* gate_up, std::int64_t rows, std::int64_t ff, T* out) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* gate = gate_up + row * 2 * ff;
    const T* up = gate + ff;
    T* to = out + row * ff;
#pragma omp simd
    for (std::int64_t d = 0; d < ff; ++d) {
      const float g = load(gate[d]);
      store(to[d], g * sigmoid(g) * load(up[d]));
    }
  }
}

template <class T>
void swiglu_gradient(const T* gate_up, const T* out_gradient, std::int64_t rows, std::int64_t ff,
                     T* gate_up_gradient) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* gate = gate_up + row * 2 * ff;
    const T* up = gate + ff;
    const T* from = out_gradient + row * ff;
    T* gate_to = gate_up_gradient + row * 2 * ff;
    T* up_to = gate_to + ff;
#pragma omp simd
    for (std::int64_t d = 0; d < ff; ++d) {
      const float g = load(gate[d]);
      const float s = sigmoid(g);
      const float from_d = load(from[d]);
      store(gate_to[d], from_d * load(up[d]) * s * (1.0F + g * (1.0F - s)));
      store(up_to[d], from_d * g * s);
    }
  }
}

template <class T>
void rotate(const T* in, const float* cosine, const float* sine, std::int64_t half, float scale,
            float direction, T* out) {
#pragma omp simd
  for (std::int64_t d = 0; d < half; ++d) {
    const float a = load(in[d]) * scale;
    const float b = load(in[d + half]) * scale;
    const float s = sine[d] * direction;
    store(out[d], a * cosine[d] - b * s);
    store(out[d + half], b * cosine[d] + a * s);
  }
}

template <class T>
void softmax(T* scores, std::int64_t first, std::int64_t last, std::int64_t length) {
  float most = load(scores[first]);
#pragma omp simd reduction(max : most)
  for (std::int64_t i = first; i <= last; ++i) {
    const float x = load(scores[i]);
    most = x > most ? x : most;
  }
  float total = 0;
#pragma omp simd reduction(+ : total)
  for (std::int64_t i = first; i <= last; ++i) total += exp_of(load(scores[i]) - most);
  const float factor = 1.0F / total;
#pragma omp simd
  for (std::int64_t i = first; i <= last; ++i) {
    store(scores[i], exp_of(load(scores[i]) - most) * factor);
  }
  for (std::int64_t i = 0; i < first; ++i) scores[i] = T{};
  for (std::int64_t i = last + 1; i < length; ++i) scores[i] = T{};
}

template <class T>
void softmax_gradient(const T* p, T* p_gradient, std::int64_t first, std::int64_t last,
                      std::int64_t length) {
  float dot = 0;
#pragma omp simd reduction(+ : dot)
  for (std::int64_t i = first; i <= last; ++i) dot += load(p[i]) * load(p_gradient[i]);
#pragma omp simd
  for (std::int64_t i = first; i <= last; ++i) {
    store(p_gradient[i], load(p[i]) * (load(p_gradient[i]) - dot));
  }
  for (std::int64_t i = 0; i < first; ++i) p_gradient[i] = T{};
  for (std::int64_t i = last + 1; i < length; ++i) p_gradient[i] = T{};
}

template <class T>
double cross_entropy(const T* logits, const float* bias, const std::int64_t* target,
                     const float* weight, std::int64_t rows, std::int64_t size, T* gradient) {
  double loss = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* in = logits + row * size;
    T* out = gradient + row * size;
    float most = -1e30F;
    const auto value = [&](std::int64_t i) {
      return load(in[i]) + (bias == nullptr ? 0.0F : bias[i]);
    };
#pragma omp simd reduction(max : most)
    for (std::int64_t i = 0; i < size; ++i) {
      const float x = value(i);
      most = x > most ? x : most;
    }
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (std::int64_t i = 0; i < size; ++i) total += exp_of(value(i) - most);
    const float counts = weight == nullptr ? 1.0F : weight[row];
    const float factor = counts / total;
    loss += static_cast<double>(counts * (std::log(total) + most - value(target[row])));
#pragma omp simd
    for (std::int64_t i = 0; i < size; ++i) store(out[i], exp_of(value(i) - most) * factor);
    const float p = exp_of(value(target[row]) - most) * factor;
    store(out[target[row]], p - counts);
  }
  return loss;
}

template <class T>
void column_sums(const T* x, std::int64_t rows, std::int64_t size, float factor, float* out) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < size; ++i) out[i] += load(x[row * size + i]) * factor;
  }
}

template <class T>
void lstm(const LstmStep& step, const T* x_gates, const T* h_gates, const float* bias,
          const float* cells_before, T* gates, float* cells, T* h, T* h_next) {
  const std::int64_t dim = step.dim;
  for (std::int64_t row = 0; row < step.rows; ++row) {
    const T* x = x_gates + row * step.x_stride;
    const T* before = h_gates + row * 4 * dim;
    const float* c_before = cells_before + row * dim;
    T* open = gates + row * 4 * dim;
    float* c = cells + row * dim;
    T* out = h + row * step.h_stride;
    const float keep = step.keep[row];
    const auto sum = [&](std::int64_t i) { return load(x[i]) + load(before[i]) + bias[i]; };
#pragma omp simd
    for (std::int64_t d = 0; d < dim; ++d) {
      const float in = sigmoid(sum(d)), forget = sigmoid(sum(dim + d));
      const float cell = tanh_of(sum(2 * dim + d)), output = sigmoid(sum(3 * dim + d));
      const float value = forget * c_before[d] * keep + in * cell;
      c[d] = value;
      store(open[d], in);
      store(open[dim + d], forget);
      store(open[2 * dim + d], cell);
      store(open[3 * dim + d], output);
      store(out[d], output * tanh_of(value));
    }
    if (h_next == nullptr) continue;
    const float keep_next = step.keep_next[row];
    T* next = h_next + row * dim;
#pragma omp simd
    for (std::int64_t d = 0; d < dim; ++d) store(next[d], load(out[d]) * keep_next);
  }
}

template <class T>
void lstm_gradient(const LstmStep& step, const T* h_gradient, const T* next_gradient,
                   const float* cells_before, const float* cells, T* gates, float* cells_gradient) {
  const std::int64_t dim = step.dim;
  for (std::int64_t row = 0; row < step.rows; ++row) {
    const T* from_above = h_gradient + row * step.h_stride;
    const T* from_next = next_gradient + row * dim;
    const float* c_before = cells_before + row * dim;
    const float* c = cells + row * dim;
    T* open = gates + row * 4 * dim;
    float* c_gradient = cells_gradient + row * dim;
    const float keep = step.keep[row], keep_next = step.keep_next[row];
#pragma omp simd
    for (std::int64_t d = 0; d < dim; ++d) {
      const float in = load(open[d]), forget = load(open[dim + d]);
      const float cell = load(open[2 * dim + d]), output = load(open[3 * dim + d]);
      const float bent = tanh_of(c[d]);
      const float dh = load(from_above[d]) + load(from_next[d]) * keep_next;
      const float dc = c_gradient[d] + dh * output * (1.0F - bent * bent);
      store(open[d], dc * cell * in * (1.0F - in));
      store(open[dim + d], dc * c_before[d] * keep * forget * (1.0F - forget));
      store(open[2 * dim + d], dc * in * (1.0F - cell * cell));
      store(open[3 * dim + d], dh * bent * output * (1.0F - output));
      c_gradient[d] = dc * forget * keep;
    }
  }
}

template <class T>
void adam(const AdamStep& step, const T* gradient, std::int64_t count, float* value, float* mean,
          float* square, Bf16* copy) {
  const AdamStep s = step;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = load(gradient[i]) * s.gradient_factor;
    mean[i] = s.beta1 * mean[i] + (1.0F - s.beta1) * g;
    square[i] = s.beta2 * square[i] + (1.0F - s.beta2) * g * g;
    const float root = std::sqrt(square[i]) * s.root_correction + s.epsilon;
    value[i] = value[i] * s.shrink - s.rate * mean[i] / root;
  }
  if (copy == nullptr) return;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) store(copy[i], value[i]);
}

template <class T>
double sum_of_squares(const T* x, std::int64_t count) {
  // Blocks keep the float sums short.
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += 4096) {
    const std::int64_t end = begin + 4096 < count ? begin + 4096 : count;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = begin; i < end; ++i) sum += load(x[i]) * load(x[i]);
    total += static_cast<double>(sum);
  }
  return total;
}

#define ANTIPHON_KERNELS_OF(T)                                                                     \
  template void add_norm(const float*, const T*, const float*, std::int64_t, std::int64_t, float*, \
                         T*, float*);                                                              \
  template void add_norm_gradient(const float*, const float*, const float*, const float*,          \
                                  const T*, std::int64_t, std::int64_t, float*, T*, float*);       \
  template void swiglu(const T*, std::int64_t, std::int64_t, T*);                                  \
  template void swiglu_gradient(const T*, const T*, std::int64_t, std::int64_t, T*);               \
  template void rotate(const T*, const float*, const float*, std::int64_t, float, float, T*);      \
  template void softmax(T*, std::int64_t, std::int64_t, std::int64_t);                             \
  template void softmax_gradient(const T*, T*, std::int64_t, std::int64_t, std::int64_t);          \
  template double cross_entropy(const T*, const float*, const std::int64_t*, const float*,         \
                                std::int64_t, std::int64_t, T*);                                   \
  template void lstm(const LstmStep&, const T*, const T*, const float*, const float*, T*, float*,  \
                     T*, T*);                                                                      \
  template void lstm_gradient(const LstmStep&, const T*, const T*, const float*, const float*, T*, \
                              float*);                                                             \
  template void column_sums(const T*, std::int64_t, std::int64_t, float, float*);                  \
  template void adam(const AdamStep&, const T*, std::int64_t, float*, float*, float*, Bf16*);      \
  template double sum_of_squares(const T*, std::int64_t);
ANTIPHON_KERNELS_OF(float)
ANTIPHON_KERNELS_OF(Bf16)
#undef ANTIPHON_KERNELS_OF

}  // namespace antiphon::train::kernels
