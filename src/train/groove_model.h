// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "nn/groove_config.h"
#include "train/flat.h"

/// The networks of the groove GAN. Rows of every tensor are the patterns of a batch.
namespace antiphon::train {

/// Patterns as numbers, [batch, cells] each: struck (0 or 1) and, where struck, velocity in [0, 1]
/// and offset in steps. Elsewhere they are 0.
struct Patterns {
  at::Tensor hits, velocities, offsets;
};

/// What a pattern is to be: plane [batch, 2] in [-1, 1], tempo [batch, 2], style [batch, styles].
struct Wishes {
  at::Tensor plane, tempo, style;
};

/// A stack of hidden layers: a linear map, then residual blocks x + silu(W rmsnorm(x) + b), a norm
/// and a linear map. `nn::Groove` runs the same.
class Stack {
 public:
  static void declare(FlatParameters& parameters, const std::string& name, std::int64_t inputs,
                      std::int64_t hidden, std::int64_t layers, std::int64_t outputs);
  Stack(const FlatParameters& parameters, const std::string& name, std::int64_t layers);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  struct Linear {
    at::Tensor weight, bias;
  };
  Linear in_, out_;
  std::vector<at::Tensor> norms_;
  std::vector<Linear> blocks_;
  at::Tensor norm_;
};

/// What is shipped.
class GrooveGenerator {
 public:
  GrooveGenerator(const nn::GrooveConfig& config, Random& random);

  /// Logits of the cells being struck, from a condition.
  at::Tensor pattern(const at::Tensor& latent, const Wishes& wishes) const;
  /// How given cells are struck.
  Patterns touch(const at::Tensor& hits, const at::Tensor& latent, const Wishes& wishes) const;
  /// A pattern in one go. Gradients pass the threshold as if it were the logistic function
  /// (straight through: Bengio et al. 2013; for drums Dong and Yang 2018).
  Patterns operator()(const at::Tensor& latent, const Wishes& wishes) const;

  FlatParameters& parameters() { return parameters_; }
  const FlatParameters& parameters() const { return parameters_; }

 private:
  FlatParameters parameters_;
  Stack pattern_, touch_;
};

/// Tells real patterns from generated ones, given the wishes: a projection critic (Miyato and
/// Koyama 2018), which also sees where the two bars differ and how much the batch does (Karras et
/// al. 2018).
class GrooveCritic {
 public:
  GrooveCritic(const nn::GrooveConfig& config, Random& random);
  /// A number for each pattern, the higher the more real. With `learns`, gradients reach the
  /// critic's own parameters too.
  at::Tensor operator()(const Patterns& patterns, const Wishes& wishes, bool learns) const;
  FlatParameters& parameters() { return parameters_; }
  const FlatParameters& parameters() const { return parameters_; }

 private:
  FlatParameters parameters_;
  std::vector<at::Tensor> weights_, biases_;
  at::Tensor style_;
};

/// The posterior of the latent numbers of a real pattern, [batch, latent] each.
struct Posterior {
  at::Tensor mean, log_deviation;
};

/// Training's helpers: finds the latent numbers and the place on the plane of a pattern.
class GrooveEncoder {
 public:
  GrooveEncoder(const nn::GrooveConfig& config, Random& random);
  Posterior posterior(const Patterns& patterns, const Wishes& wishes) const;
  at::Tensor plane(const Patterns& patterns, const at::Tensor& style) const;
  FlatParameters& parameters() { return parameters_; }
  const FlatParameters& parameters() const { return parameters_; }

 private:
  std::int64_t latent_;
  FlatParameters parameters_;
  Stack posterior_, plane_;
};

}  // namespace antiphon::train
