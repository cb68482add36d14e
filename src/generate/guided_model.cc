// SPDX-License-Identifier: Apache-2.0
#include "generate/guided_model.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tokens/vocabulary.h"

namespace antiphon::generate {
namespace {

bool tells_style(std::uint16_t row) {
  return row >= tokens::input::style.first && row < tokens::input::style.end();
}

float log_sum(std::span<const float> logits) {
  const float most = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (const float logit : logits) sum += std::exp(logit - most);
  return most + std::log(sum);
}

class GuidedModel : public EventModel {
 public:
  GuidedModel(std::unique_ptr<EventModel> told, std::unique_ptr<EventModel> untold, float strength)
      : told_(std::move(told)), untold_(std::move(untold)), strength_(strength) {}

  std::size_t capacity() const override { return told_->capacity(); }
  std::size_t size() const override { return told_->size(); }
  void rewind(std::size_t size) override {
    told_->rewind(size);
    untold_->rewind(size);
  }
  void feed(std::span<const nn::Step> steps) override {
    told_->feed(steps);
    untold_->feed(without_style(steps));
  }
  bool ready() const override { return told_->ready() && untold_->ready(); }
  void score(std::span<const nn::Step> steps) override {
    told_->score(steps);
    untold_->score(without_style(steps));
  }
  void begin(std::size_t back) override {
    told_->begin(back);
    untold_->begin(back);
  }
  std::span<const float> logits(int field) override {
    const auto told = told_->logits(field), untold = untold_->logits(field);
    const float told_sum = log_sum(told), untold_sum = log_sum(untold);
    logits_.resize(told.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      const float chance = told[i] - told_sum;
      logits_[i] = chance + strength_ * (chance - (untold[i] - untold_sum));
    }
    return logits_;
  }
  void condition(std::span<const std::uint16_t> rows) override {
    told_->condition(rows);
    untold_->condition(rows);
  }

 private:
  // Borrowed until the next call.
  std::span<const nn::Step> without_style(std::span<const nn::Step> steps) {
    steps_.assign(steps.begin(), steps.end());
    rows_.clear();
    for (nn::Step& step : steps_) {
      if (std::none_of(step.rows.begin(), step.rows.end(), tells_style)) continue;
      auto& rows = rows_.emplace_back(step.rows.begin(), step.rows.end());
      std::replace_if(rows.begin(), rows.end(), tells_style, tokens::input::style.row(0));
      step.rows = rows;  // Which stays where it is when `rows_` grows.
    }
    return steps_;
  }

  std::unique_ptr<EventModel> told_, untold_;
  const float strength_;
  std::vector<nn::Step> steps_;
  std::vector<std::vector<std::uint16_t>> rows_;
  std::vector<float> logits_;
};

}  // namespace

std::unique_ptr<EventModel> guide_style(std::unique_ptr<EventModel> told,
                                        std::unique_ptr<EventModel> untold, float strength) {
  return std::make_unique<GuidedModel>(std::move(told), std::move(untold), strength);
}

}  // namespace antiphon::generate
