// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "generate/event_model.h"
#include "nn/middle_layers.h"

namespace antiphon::generate {

/// Steps for the middle layers of a model, as the layers before them leave them.
struct MiddleSteps {
  std::uint32_t serial = 0;         ///< Rises from message to message.
  std::size_t at = 0;               ///< Of the steps told before, so many stand.
  std::vector<std::int32_t> times;  ///< Musical times of the steps, as in `nn::Step`.
  nn::Activations rows;
  nn::Recalled recalled = {};  ///< After them, steps that were told before.
  std::size_t wanted = 0;      ///< What is added to so many of them, the last ones, is asked for.
};

/// A share of their root mean square that is added to activations as Gaussian noise before they
/// leave the device.
struct ActivationNoise {
  double share = 0;
  /// Uniform in [0, 1); only tests seed it.
  std::function<double()> uniform = {};
};

/// An event model whose middle layers run elsewhere: it embeds the steps, runs the layers before
/// and after the middle, and chooses the fields.
///
/// `unsent` says what the middle hasn't been told yet, `take` is given its answer; until then it
/// isn't ready, and mustn't be asked. Steps that are fed again as they were told need no new
/// answer.
///
/// Only the step fed last can be begun from.
///
/// Threads: one.
class SplitModel : public EventModel {
 public:
  /// `cut`: 0 <= first < last <= layers of the model.
  SplitModel(std::shared_ptr<const nn::Transformer> model, const nn::Cut& cut,
             ActivationNoise noise = {});

  std::size_t capacity() const override { return session_.capacity(); }
  std::size_t size() const override { return steps_.size(); }
  void rewind(std::size_t size) override;
  void feed(std::span<const nn::Step> steps) override;
  /// Whether it is known what the middle adds to the last step.
  bool ready() const override { return finished_ == size(); }
  void score(std::span<const nn::Step> steps) override { feed(steps); }
  void begin(std::size_t back) override {
    assert(back == 0);
    static_cast<void>(back);
    session_.begin(z_);
  }
  std::span<const float> logits(int field) override {
    return session_.logits(static_cast<std::size_t>(field));
  }
  void condition(std::span<const std::uint16_t> rows) override { session_.condition(rows); }

  /// What the middle is to be told so that what it adds to the steps from `from` on is known; in
  /// this order, each in at most `most_bytes` bytes. It is then taken to have been told.
  ///
  /// Where a shorter past is begun with, the middle recalls it, as it was told: it isn't told
  /// again, with other noise.
  std::vector<MiddleSteps> unsent(std::size_t from, std::size_t most_bytes = 48 << 10);
  std::size_t dim() const { return dim_; }
  /// So many steps `unsent` would tell if it were asked for the last one's.
  std::size_t news() const;
  /// Takes an answer of the middle, be it late. False if it can't be one: of another shape.
  bool take(std::uint32_t serial, const nn::Activations& added);
  /// The middle has forgotten everything.
  void reset_middle();

  /// Whether the last step's answer is its own.
  bool exact() const {
    return !steps_.empty() && steps_.size() == told_as_is_ && told_.back().known;
  }

 private:
  struct Fed {
    std::vector<std::uint16_t> rows;
    std::int32_t time = 0;

    friend bool operator==(const Fed&, const Fed&) = default;
  };
  struct Told {
    Fed step;
    std::uint32_t serial = 0;
    bool known = false;  // What is added to it.
  };
  struct Question {
    std::uint32_t serial;
    std::size_t from, count;
  };

  std::span<float> row(std::vector<float>& rows, std::size_t i) {
    return std::span(rows).subspan(i * dim_, dim_);
  }
  // What the middle is to be told, asked for the steps from `from` on: the first `stand` of those
  // that it holds stay; those before `told` are told, some recalled, the rest told.
  struct Change {
    std::size_t from, stand, told;
    nn::Recalled recalled;
  };

  Change change_for(std::size_t from) const;
  MiddleSteps tell(std::size_t first, std::size_t end);
  void finish();
  double normal();

  nn::Session session_;
  const nn::Cut cut_;
  const std::size_t dim_;
  const ActivationNoise noise_;
  std::vector<Fed> steps_;
  std::vector<Told> told_;      // What the middle holds.
  std::size_t told_as_is_ = 0;  // So many of both are the same.
  std::size_t finished_ = 0;    // So many are through the layers after the middle, too.
  // [capacity, dim]: what comes out of the layers before the middle, and what the middle adds.
  std::vector<float> near_, added_;
  std::vector<float> x_, z_;
  std::vector<std::int32_t> times_;
  std::vector<Question> questions_;  // The last few.
  std::uint32_t serial_ = 0;
};

/// Both halves of a split model in one place: what it would play over a perfect network.
class JoinedModel : public EventModel {
 public:
  JoinedModel(const std::shared_ptr<const nn::Transformer>& model, const nn::Cut& cut,
              ActivationNoise noise = {})
      : split_(model, cut, std::move(noise)), middle_(model, cut) {}

  std::size_t capacity() const override { return split_.capacity(); }
  std::size_t size() const override { return split_.size(); }
  void rewind(std::size_t size) override { split_.rewind(size); }
  void feed(std::span<const nn::Step> steps) override;
  bool ready() const override { return split_.ready(); }
  void score(std::span<const nn::Step> steps) override { feed(steps); }
  void begin(std::size_t back) override { split_.begin(back); }
  std::span<const float> logits(int field) override { return split_.logits(field); }
  void condition(std::span<const std::uint16_t> rows) override { split_.condition(rows); }

 private:
  SplitModel split_;
  nn::MiddleLayers middle_;
};

}  // namespace antiphon::generate
