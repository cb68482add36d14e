// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "generate/event_model.h"
#include "tokens/vocabulary.h"

namespace antiphon::generate {

/// A stand-in for tests: logits that depend on everything the model was told, and on nothing else.
class NoisyModel : public EventModel {
 public:
  explicit NoisyModel(std::size_t capacity) : capacity_(capacity) {}
  /// One that would choose nothing else for `field`.
  NoisyModel(std::size_t capacity, int field, std::size_t only)
      : capacity_(capacity), field_(field), only_(only) {}

  std::size_t capacity() const override { return capacity_; }
  std::size_t size() const override { return hashes_.size(); }
  void rewind(std::size_t size) override { hashes_.resize(size); }
  void feed(std::span<const nn::Step> steps) override {
    for (const nn::Step& step : steps) {
      std::uint64_t hash = hashes_.empty() ? 1 : hashes_.back();
      for (const auto row : step.rows) hash = mix(hash, row);
      hashes_.push_back(hash);
    }
    last_ = hashes_.back();
    fed_ += steps.size();
  }
  void score(std::span<const nn::Step> steps) override { feed(steps); }
  void begin(std::size_t back) override {
    hash_ = back == 0 ? last_ : hashes_[hashes_.size() - 1 - back];
  }
  std::span<const float> logits(int field) override {
    Random random(hash_ + static_cast<std::uint64_t>(field));
    logits_.resize(static_cast<std::size_t>(tokens::fields[static_cast<std::size_t>(field)].size));
    for (float& logit : logits_) logit = static_cast<float>(random.uniform() * 4);
    if (field == tokens::field_shift) {
      for (std::size_t s = 12; s < logits_.size(); ++s) logits_[s] -= 3;
    }
    if (field == field_) logits_[only_] += 50;
    return logits_;
  }
  void condition(std::span<const std::uint16_t> rows) override {
    for (const auto row : rows) hash_ = mix(hash_, row);
  }
  std::size_t fed() const { return fed_; }

 private:
  static std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    return Random(hash ^ (value + 77) * 0x100000001b3u).bits();
  }
  std::size_t capacity_;
  int field_ = -1;
  std::size_t only_ = 0;
  std::vector<std::uint64_t> hashes_;
  std::uint64_t last_ = 0, hash_ = 0;  // A rewind leaves the last answer standing, as engines do.
  std::vector<float> logits_;
  std::size_t fed_ = 0;
};

}  // namespace antiphon::generate
