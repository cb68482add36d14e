// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "edge/conductor.h"
#include "edge/emulated_link.h"
#include "edge/leaving.h"
#include "edge/player.h"
#include "edge/responder.h"
#include "edge/tiered_scheduler.h"
#include "generate/event_model.h"
#include "generate/sampler.h"
#include "live/clock.h"
#include "live/output.h"
#include "live/spsc_queue.h"
#include "nn/middle_layers.h"
#include "tokens/stream.h"

namespace antiphon::edge {

/// A jam to be: who plays, in what time, and how its model draws.
struct JamSetup {
  tokens::Header header;               ///< Human and AI parts.
  live::Timeline timeline;             ///< Of times from the start of the jam.
  std::vector<Played> performer = {};  ///< What the human parts will do; sorted by time.
  std::chrono::nanoseconds length{};   ///< No frame begins later,
  std::int32_t last_step = INT32_MAX;  ///< nor at this step or later.
  generate::Sampling sampling = {};
  Pace pace = {};
  /// Steps that drafts reach ahead: two bars of 4/4.
  std::int32_t reach = 96;
  /// The same of the reflex's, which needs a draft only where its thread isn't let run.
  std::int32_t reflex_reach = 12;
  /// The same of this device's larger model's: beside a reflex, which takes the place of what is
  /// older than `pace.stale` frames, no more than a beat beyond that.
  std::int32_t edge_reach(bool beside_reflex) const {
    return beside_reflex ? std::min(reach, (pace.stale + 4) * steps_per_frame) : reach;
  }
  int count_in = 0;                         ///< Bars of clicks before the jam; in real time only.
  bool metronome = false;                   ///< Clicks during the jam; in real time only.
  bool sends_clock = false;                 ///< The sink gets MIDI's clock; in real time only.
  NodeTerms node = {};                      ///< Matter where a node takes part.
  generate::Chart chart = {};               ///< A node isn't told of it.
  std::vector<TimedControl> controls = {};  ///< What will be wished for; sorted by step.
  /// A baseline's way of keeping time instead of `pace`: it asks the node, or this device's model
  /// where there is none, and nobody else plays.
  std::optional<FixedInterval> baseline = {};
};

/// That of the setup. `timeline` is borrowed.
std::unique_ptr<Scheduler> scheduler_of(const JamSetup& setup, const live::Timeline& timeline,
                                        const Crew& crew);

/// Who plays in a jam on this device: a model, and one that answers where that is late. Either may
/// be null.
struct Models {
  generate::EventModel* edge = nullptr;
  generate::EventModel* reflex = nullptr;
};

/// A model of which a node runs the middle layers.
struct SharedModel {
  std::shared_ptr<const nn::Transformer> net;
  std::string sha256;  ///< Of its weights.
  nn::Cut cut;         ///< The node's layers.
  double noise = 0;    ///< Share of their root mean square that activations get.
  /// Gives a model that drafts on this device.
  std::function<std::unique_ptr<generate::EventModel>()> make_drafter = {};
};

/// What a jam was. Times count from its start.
struct Jam {
  live::Timeline timeline;
  std::vector<FrameRecord> frames;
  std::vector<NoteRecord> notes;
  std::vector<Played> heard;
  /// Actual less due time of each message that was sent; empty where the jam was simulated.
  std::vector<std::chrono::nanoseconds> onset_errors;
  bool real_time_scheduler = false;
  bool memory_locked = false;                  ///< See `live::MemoryScope`.
  bool stopped = false;                        ///< Before its length was played.
  std::vector<PlanRecord> plans = {};          ///< Where a node takes part.
  std::uint64_t bytes_up = 0, bytes_down = 0;  ///< Of messages to and from a simulated node.
  Leaving left = {};                           ///< For a simulated node.
  std::chrono::nanoseconds node_work{};        ///< That it took.
};

/// Called now and then with the share played in [0, 1]; false stops the jam.
using Progress = std::function<bool(double)>;

/// What the models' work costs in simulated time.
struct SimulatedCost {
  std::chrono::nanoseconds step = std::chrono::microseconds(60);    ///< An event that it is told.
  std::chrono::nanoseconds draw = std::chrono::microseconds(60);    ///< An event that it draws.
  std::chrono::nanoseconds reflex = std::chrono::microseconds(30);  ///< Either, for the reflex.
  /// Chance that a frame of the edge's work takes up to `longest_stall` more.
  double stalls = 0;
  std::chrono::nanoseconds longest_stall = std::chrono::seconds(5);
  std::uint64_t seed = 1;
};

/// A node in simulated time, and the network to it.
struct SimulatedNode {
  generate::EventModel* model = nullptr;  ///< Null: there is none.
  NetworkProfile network = {};
  std::chrono::nanoseconds step = std::chrono::microseconds(100);  ///< An event told or drawn.
  SharedModel shared =
      {};  ///< Where the wishes are for a split by layers; `model` isn't asked then.
  /// Is shown all messages.
  std::function<void(EmulatedLink::Way, std::string_view)> wire = {};
};

/// Plays a jam on a clock that doesn't wait: the same setup, cost and node give the same jam.
Jam simulate(const Models& models, const JamSetup& setup, const SimulatedCost& cost,
             const Progress& progress, const SimulatedNode& node = {});

/// What takes part in a jam beside the model. All are borrowed.
struct Stage {
  Player& player;
  live::MessageSink& sink;                  ///< Gets what Antiphon plays, and the clicks.
  const live::Wakeup& wakeup;               ///< Notified when the player has something new.
  bool through = false;                     ///< The sink gets what the player plays, too.
  Responder* node = nullptr;                ///< Takes part, if it isn't null.
  live::SpscQueue<Wish>* wishes = nullptr;  ///< May be null; taps are in host time.
  live::Clock* clock = nullptr;             ///< Whose time it is; null: the jam's own.
};

/// Called ten times a second with the jam's time (below 0 during the count-in); false ends the jam
/// with the bar.
using Watch = std::function<bool(std::chrono::nanoseconds now, const Conductor&)>;

/// Plays a jam in real time: each model works on a thread of its own, `setup.performer` is not
/// asked. Errors: no more descriptors or threads.
Result<Jam> play_live(const Models& models, const JamSetup& setup, const Stage& stage,
                      const Watch& watch);

}  // namespace antiphon::edge
