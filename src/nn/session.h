// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/forward.h"
#include "nn/transformer.h"
#include "nn/workers.h"

namespace antiphon::nn {

struct SessionOptions {
  /// The most steps held, up to the model's context; 0 takes all of it.
  std::size_t capacity = 0;
  /// Steps that go through the layers together when many are fed. Costs some 16 KiB each.
  std::size_t rows = 32;
  /// Threads that share each pass; null for the caller's alone. Outlives the session; sessions that
  /// share it run one at a time.
  Workers* workers = nullptr;
};

/// One listener's context of a model: what it has been fed so far, and the choice of fields that
/// comes next.
///
///   session.feed(prompt);
///   session.begin();
///   for each field k: choose from session.logits(k), then session.condition(rows of the choice)
///   session.feed(the event); ...
///
/// Threads: one at a time. Real time: after construction nothing allocates; a step's cost grows
/// with `size()`.
class Session {
 public:
  explicit Session(std::shared_ptr<const Transformer> model, SessionOptions options = {});

  const Transformer& model() const { return *model_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  /// Appends at least one step; gives the backbone's output z [dim] of the last. The result is
  /// valid until the next call of feed or score. Must fit: size() + steps.size() <= capacity().
  std::span<const float> feed(std::span<const Step> steps);
  std::span<const float> feed(const Step& step) { return feed(std::span(&step, 1)); }

  /// Like `feed`, but writes every step's output to `z` [steps, dim]: what a draft of many events
  /// is checked with, in one pass. `rewind` takes back what is not wanted.
  void score(std::span<const Step> steps, std::span<float> z);

  /// Goes back to the first `size` steps, as if the later ones had never been fed. O(1).
  void rewind(std::size_t size);
  void reset() { rewind(0); }

  /// Stands where another session of the same model does: takes its steps from `from` on, as up to
  /// there they must be the same already. Costs a copy of their keys and values.
  void take(const Session& other, std::size_t from);

  /// The choice of an event's fields (see `Choice`), from the last step fed or from any backbone
  /// output.
  void begin() { begin(z_); }
  void begin(std::span<const float> z) { choice_.begin(z); }
  std::span<float> logits(std::size_t field) { return choice_.logits(field); }
  void condition(std::span<const std::uint16_t> rows) { choice_.condition(rows); }

  /// A pass in parts, for layers on different machines: embed -> forward(0, a) -> ... ->
  /// forward(b, layers) -> finish, with the same steps each time, then `advance`. Each part may
  /// belong to a different session of the same model. Shapes: x and z are [steps, dim].
  void embed(std::span<const Step> steps, std::span<float> x) const;
  /// Layers [first_layer, last_layer) on x in place, as the steps from size() on.
  void forward(std::span<const std::int32_t> times, std::size_t first_layer, std::size_t last_layer,
               std::span<float> x);
  /// The final norm.
  void finish(std::span<const float> x, std::span<float> z) const;
  /// Takes the steps that `forward` ran into the context.
  void advance(std::size_t steps);

 private:
  friend class Batch;

  /// At most `work_.rows()` steps through all layers; the outputs stay in the workspace.
  void feed_chunk(std::span<const Step> steps);
  void run(std::size_t rows, std::size_t first_layer, std::size_t last_layer);

  std::shared_ptr<const Transformer> model_;
  std::size_t capacity_;
  Workers* workers_;
  Cache cache_;
  Workspace work_;
  std::size_t size_ = 0;
  std::vector<Row> rows_;
  AlignedVector<float> z_;  ///< [dim], of the last step fed.
  Choice choice_;
};

/// One step for many sessions of one model at once, each where it stands in its own context. The
/// results are those of feeding each alone, bit for bit; the weights are read once for all.
///
/// Threads: one at a time, and none of the sessions is used meanwhile. The workers divide the
/// sessions. Nothing allocates after construction.
class Batch {
 public:
  Batch(std::shared_ptr<const Transformer> model, std::size_t max_sessions,
        Workers* workers = nullptr);

  /// Feeds steps[i] to sessions[i], all different; then each session's `begin` has been called.
  void step(std::span<Session* const> sessions, std::span<const Step> steps);

  /// Logits of one field for each session, given what each has chosen: `Session::logits` of many.
  /// [sessions, size], valid until the next call.
  std::span<float> logits(std::span<Session* const> sessions, std::size_t field);

 private:
  template <class Function>
  void divide(std::size_t rows, const Function& function);

  std::shared_ptr<const Transformer> model_;
  Workers* workers_;
  Workspace work_;
  std::vector<Row> rows_;
  AlignedVector<float> running_;  ///< [sessions, dim]
  AlignedVector<float> logits_;   ///< [sessions, largest field]
};

}  // namespace antiphon::nn
