// SPDX-License-Identifier: Apache-2.0
#include "generate/split_model.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace antiphon::generate {
namespace {

constexpr std::size_t most_questions = 64;
constexpr std::size_t bytes_beside = 12;  // Of a row's numbers: its scale and its time.
constexpr std::size_t longest_header = 64, least_recalled = 16;  // Steps.

}  // namespace

SplitModel::SplitModel(std::shared_ptr<const nn::Transformer> model, const nn::Cut& cut,
                       ActivationNoise noise)
    : session_(std::move(model)),
      cut_(cut),
      dim_(session_.model().config().dim),
      noise_(std::move(noise)),
      near_(capacity() * dim_),
      added_(capacity() * dim_),
      z_(dim_) {
  assert(cut.first < cut.last && cut.last <= session_.model().config().layers);
  assert(noise_.share == 0 || noise_.uniform);
}

void SplitModel::rewind(std::size_t size) {
  steps_.resize(size);
  told_as_is_ = std::min(told_as_is_, size);
  finished_ = std::min(finished_, size);
  session_.rewind(size);
}

void SplitModel::feed(std::span<const nn::Step> steps) {
  assert(!steps.empty() && size() + steps.size() <= capacity());
  const std::span<float> x = std::span(near_).subspan(size() * dim_, steps.size() * dim_);
  session_.embed(steps, x);
  times_.clear();
  for (const nn::Step& step : steps) times_.push_back(step.time);
  session_.forward(times_, 0, cut_.first, x);
  session_.advance(steps.size());
  for (const nn::Step& step : steps) {
    const std::size_t i = steps_.size();
    steps_.push_back({{step.rows.begin(), step.rows.end()}, step.time});
    if (told_as_is_ == i && i < told_.size() && told_[i].step == steps_[i]) ++told_as_is_;
  }
  finish();
}

// The layers after the middle, as far as it is known what that adds.
void SplitModel::finish() {
  const std::size_t layers = session_.model().config().layers;
  if (cut_.last == layers) {
    // Only the last step matters: nobody looks back at the others.
    const bool known = told_as_is_ == size() && told_.size() >= size() && told_[size() - 1].known;
    if (!known || finished_ == size()) return;
    finished_ = size() - 1;
  }
  std::size_t end = finished_;
  while (end < told_as_is_ && told_[end].known) ++end;
  if (end == finished_) return;
  const std::size_t from = finished_ * dim_, count = end - finished_;
  x_.resize(count * dim_);
  for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = near_[from + i] + added_[from + i];
  times_.clear();
  for (std::size_t i = finished_; i < end; ++i) times_.push_back(steps_[i].time);
  session_.rewind(finished_);
  session_.forward(times_, cut_.last, layers, x_);
  session_.advance(size() - finished_);
  session_.finish(std::span(x_).last(dim_), z_);
  finished_ = end;
}

SplitModel::Change SplitModel::change_for(std::size_t from) const {
  const bool looks_back = cut_.last < session_.model().config().layers;
  // Layers after the middle look back at all steps.
  if (looks_back) from = 0;
  Change change{from, told_as_is_, told_as_is_, {}};
  for (std::size_t i = from; i < change.stand; ++i) {
    if (!told_[i].known) change.stand = i;
  }
  change.told = change.stand;
  const std::size_t end = std::min(from, size() - std::min<std::size_t>(size(), 1));
  if (looks_back || change.stand + least_recalled > end) return change;
  // A shorter past begins with another header, which isn't long.
  for (std::size_t to = change.stand + 1; to < std::min(change.stand + longest_header, end); ++to) {
    for (std::size_t held = change.stand; held < told_.size(); ++held) {
      std::size_t count = 0;
      while (to + count < end && held + count < told_.size() &&
             told_[held + count].step == steps_[to + count])
        ++count;
      if (count < least_recalled) continue;
      change.told = to;
      change.recalled = {held, count};
      return change;
    }
  }
  return change;
}

std::size_t SplitModel::news() const {
  const Change change = change_for(size() - 1);
  return size() - change.stand - change.recalled.count;
}

std::vector<MiddleSteps> SplitModel::unsent(std::size_t from, std::size_t most_bytes) {
  const Change change = change_for(from);
  const auto held = told_.begin() + static_cast<std::ptrdiff_t>(change.recalled.from);
  const std::vector<Told> recalled(held, held + static_cast<std::ptrdiff_t>(change.recalled.count));
  told_.resize(std::min(told_.size(), change.stand));
  finished_ = std::min(finished_, change.stand);
  const std::size_t most_rows = std::max<std::size_t>(1, most_bytes / (dim_ + bytes_beside));
  std::vector<MiddleSteps> messages;
  while (told_.size() < size()) {
    const std::size_t first = told_.size();
    // Up to what is recalled, and then the rest.
    const std::size_t last = first < change.told ? change.told : size();
    const std::size_t end = std::min(last, first + most_rows);
    MiddleSteps message = tell(first, end);
    if (end == change.told) {
      message.recalled = change.recalled;
      for (const Told& one : recalled) told_.push_back({one.step, serial_, false});
    }
    message.wanted = end - std::min(end, std::max(change.from, first));
    if (message.wanted > 0) questions_.push_back({serial_, end - message.wanted, message.wanted});
    messages.push_back(std::move(message));
  }
  if (questions_.size() > most_questions)
    questions_.erase(questions_.begin(), questions_.end() - most_questions);
  told_as_is_ = size();
  return messages;
}

// The steps [first, end) as they leave.
MiddleSteps SplitModel::tell(std::size_t first, std::size_t end) {
  MiddleSteps message;
  message.serial = ++serial_;
  message.at = first;
  message.rows.dim = dim_;
  std::vector<float> noisy(dim_);
  for (std::size_t i = first; i < end; ++i) {
    const std::span<const float> x = row(near_, i);
    double square = 0;
    for (const float value : x) square += static_cast<double>(value) * value;
    const double deviation = noise_.share * std::sqrt(square / static_cast<double>(dim_));
    for (std::size_t j = 0; j < dim_; ++j)
      noisy[j] = deviation > 0 ? x[j] + static_cast<float>(deviation * normal()) : x[j];
    message.rows.add(noisy);
    message.times.push_back(steps_[i].time);
    told_.push_back({steps_[i], serial_, false});
  }
  return message;
}

bool SplitModel::take(std::uint32_t serial, const nn::Activations& added) {
  const auto question = std::ranges::find(questions_, serial, &Question::serial);
  if (question == questions_.end()) return true;  // Too long ago.
  if (added.rows() != question->count || added.dim != dim_) return false;
  for (std::size_t i = 0; i < added.rows(); ++i) {
    const std::size_t at = question->from + i;
    if (at >= told_.size() || told_[at].serial != serial) continue;
    told_[at].known = true;
    added.get(i, row(added_, at));
  }
  questions_.erase(question);
  if (!steps_.empty()) finish();
  return true;
}

void SplitModel::reset_middle() {
  told_.clear();
  questions_.clear();
  told_as_is_ = finished_ = 0;
}

// Box and Muller 1958.
double SplitModel::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - noise_.uniform()));
  return radius * std::cos(2 * std::numbers::pi * noise_.uniform());
}

void JoinedModel::feed(std::span<const nn::Step> steps) {
  const std::size_t from = split_.size() + steps.size() - 1;
  split_.feed(steps);
  for (const MiddleSteps& message : split_.unsent(from)) {
    middle_.rewind(message.at);
    const nn::Activations added =
        middle_.run(message.times, message.rows, message.wanted, message.recalled);
    if (message.wanted > 0) split_.take(message.serial, added);
  }
}

}  // namespace antiphon::generate
