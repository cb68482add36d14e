// SPDX-License-Identifier: Apache-2.0
#include "generate/model_batch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "generate/net_model.h"
#include "nn/session.h"
#include "tokens/stream.h"

namespace antiphon::generate {
namespace {

using Net = std::shared_ptr<const nn::Transformer>;

// From so many steps on, one model's pass alone reads the weights less often than a batch would.
constexpr std::size_t many = 6;
// That go through the layers together then.
constexpr std::size_t rows_together = 16;

class BatchedModel : public EventModel {
 public:
  // `waits`: what it is fed waits for a batch, and isn't run at once.
  BatchedModel(Net net, bool waits)
      : net_(std::move(net)),
        session_(net_, {.rows = waits ? rows_together : nn::SessionOptions().rows}),
        waits_(waits) {}

  std::size_t capacity() const override { return session_.capacity(); }
  std::size_t size() const override { return session_.size() + waiting_.size(); }
  void rewind(std::size_t size) override {
    waiting_.resize(std::max(size, session_.size()) - session_.size());
    session_.rewind(std::min(size, session_.size()));
    shared_ = std::min(shared_, session_.size());
    for (const auto& branch : branches_) {
      BatchedModel& own = batched(*branch);
      own.shared_ = std::min(own.shared_, session_.size());
    }
  }
  void feed(std::span<const nn::Step> steps) override {
    if (!waits_) {
      session_.feed(steps);
      return;
    }
    for (const nn::Step& step : steps)
      waiting_.push_back({{step.rows.begin(), step.rows.end()}, step.time});
  }
  bool ready() const override { return waiting_.empty(); }

  void score(std::span<const nn::Step> steps) override {
    feed_first(waiting_.size());
    z_.resize(steps.size() * dim());
    session_.score(steps, z_);
  }
  void begin(std::size_t back) override {
    if (back > 0)
      return session_.begin(
          std::span<const float>(z_).subspan(z_.size() - (1 + back) * dim(), dim()));
    feed_first(waiting_.size());
    session_.begin();
  }
  std::span<const float> logits(int field) override {
    return session_.logits(static_cast<std::size_t>(field));
  }
  void condition(std::span<const std::uint16_t> rows) override { session_.condition(rows); }

  std::span<const std::unique_ptr<EventModel>> branch(std::size_t count) override {
    feed_first(waiting_.size());
    if (branches_.size() < count) batch_.reset();
    while (branches_.size() < count)
      branches_.push_back(std::make_unique<BatchedModel>(net_, true));
    for (const auto& branch : std::span(branches_).first(count))
      batched(*branch).stand_at(session_);
    return std::span(branches_).first(count);
  }

  void run_branches(std::span<EventModel* const> waiting) override;

  nn::Session& session() { return session_; }
  std::size_t waiting() const { return waiting_.size(); }
  nn::Step first() const { return {waiting_.front().rows, waiting_.front().time}; }
  void drop_first(std::size_t count) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  void feed_first(std::size_t most) {
    std::vector<nn::Step> steps;
    for (const Waiting& one : std::span(waiting_).first(std::min(most, waiting_.size())))
      steps.push_back({one.rows, one.time});
    if (!steps.empty()) session_.feed(steps);
    drop_first(steps.size());
  }

  static BatchedModel& batched(EventModel& model) { return static_cast<BatchedModel&>(model); }

 private:
  struct Waiting {
    std::vector<std::uint16_t> rows;
    std::int32_t time;
  };
  std::size_t dim() const { return session_.model().config().dim; }
  void stand_at(const nn::Session& origin) {
    waiting_.clear();
    session_.take(origin, shared_);
    shared_ = session_.size();
  }

  Net net_;
  nn::Session session_;
  bool waits_;
  std::vector<Waiting> waiting_;
  std::vector<float> z_;  // Outputs of the backbone, [steps, dim], for what was scored last.
  std::vector<std::unique_ptr<EventModel>> branches_;
  std::unique_ptr<ModelBatch> batch_;  // Of as many.
  std::size_t shared_ = 0;  // Of a branch: the first steps that are still those of its origin.
};

class NetBatch : public ModelBatch {
 public:
  NetBatch(Net net, std::size_t most) : batch_(std::move(net), most) {
    sessions_.reserve(most);
    steps_.reserve(most);
    stepping_.reserve(most);
  }

  void run(std::span<EventModel* const> waiting) override {
    sessions_.clear();
    steps_.clear();
    stepping_.clear();
    for (EventModel* const one : waiting) {
      BatchedModel& model = BatchedModel::batched(*one);
      if (model.waiting() >= many) {
        model.feed_first(rows_together);
      } else {
        sessions_.push_back(&model.session());
        steps_.push_back(model.first());
        stepping_.push_back(&model);
      }
    }
    if (sessions_.empty()) return;
    batch_.step(sessions_, steps_);
    for (BatchedModel* const model : stepping_) model->drop_first(1);
  }

 private:
  nn::Batch batch_;
  std::vector<nn::Session*> sessions_;
  std::vector<nn::Step> steps_;
  std::vector<BatchedModel*> stepping_;
};

void BatchedModel::run_branches(std::span<EventModel* const> waiting) {
  if (!batch_) batch_ = std::make_unique<NetBatch>(net_, branches_.size());
  batch_->run(waiting);
}

// For nets whose models never wait.
class NoBatch : public ModelBatch {
 public:
  void run(std::span<EventModel* const>) override {}
};

}  // namespace

std::unique_ptr<ModelBatch> make_model_batch(const nn::EventNet& net, std::size_t most) {
  if (const Net* own = std::get_if<Net>(&net)) return std::make_unique<NetBatch>(*own, most);
  return std::make_unique<NoBatch>();
}

std::unique_ptr<EventModel> make_batched_model(const nn::EventNet& net, bool waits) {
  if (const Net* own = std::get_if<Net>(&net)) return std::make_unique<BatchedModel>(*own, waits);
  return make_event_model(net);
}

}  // namespace antiphon::generate
