// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "antiphon/model_folder.h"
#include "antiphon/shared_model.h"
#include "antiphon/song_set.h"
#include "edge/jam.h"
#include "generate/sampler.h"

namespace antiphon::app {

/// Modes of the atlas that a jam's planner doesn't know.
inline constexpr const char* fixed_mode = "fixed";      ///< StreamMUSE's scheduler.
inline constexpr const char* adapter_mode = "adapter";  ///< Another system.

struct AtlasOptions {
  std::vector<std::filesystem::path> songs;
  std::filesystem::path out;
  std::vector<std::string> modes, networks;
  std::string by = "emulation";  ///< Where the networks come from; or "relay", "netem".
  std::string adapter;           ///< A shell's command.
  std::string model = "duet-edge", edge = "none";
  std::optional<std::string> reflex;
  std::string style = "song";
  generate::Sampling sampling{.temperature = 0.95, .top_p = 0.95};
  double bpm = 120;
  std::size_t bars = 0;  ///< Of each song; 0: all.
  std::size_t side_by_side = 4;
  double node_ms = 0.1, edge_ms = 0.1;
  std::string policy = "notes";
  LayerOptions layers;
};

/// Those that are named, as far as they are to be played.
Result<std::vector<Song>> atlas_songs(const AtlasOptions& options);

/// A song as a jam in one mode over one network, whoever is to play it.
Result<edge::JamSetup> atlas_setup(const AtlasOptions& options, const Song& song,
                                   const edge::NetworkProfile& network, const std::string& mode);

/// Jams in real time, each by a node and a player that are processes of their own, over networks
/// that the kernel or a relay makes.
class RealJams {
 public:
  /// Starts the node. Errors: what the node says, a system that can't make such networks.
  static Result<std::unique_ptr<RealJams>> start(const AtlasOptions& options);
  virtual ~RealJams() = default;

  /// Of each song one, some side by side. Errors: one that fails; stopped by Ctrl-C.
  virtual Result<std::vector<edge::Jam>> play(const std::vector<Song>& songs,
                                              const edge::NetworkProfile& network,
                                              const std::string& mode) = 0;
};

/// A jam in real time with another system in the node's place; docs/atlas.md has its lines.
/// Errors: what the system does wrong; stopped by Ctrl-C.
Result<edge::Jam> play_with_adapter(const AtlasOptions& options, const edge::JamSetup& setup,
                                    const edge::NetworkProfile& network);

}  // namespace antiphon::app
