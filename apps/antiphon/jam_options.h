// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "antiphon/casting.h"
#include "antiphon/devices.h"
#include "antiphon/performing.h"
#include "antiphon/shared_model.h"
#include "edge/jam.h"

namespace antiphon::app {

/// The flags of `antiphon jam`.
struct JamOptions : PerformingOptions {
  Casting casting;
  DeviceOptions devices;
  std::filesystem::path timeline;
  std::optional<std::string> reflex;  // Not said: the one that is there, if any.
  bool list = false;
  bool simulate = false;
  std::optional<double> bpm;  // Not said: the score's.
  int times = 1;
  // Of someone at a port.
  std::string meter = "4/4", key, instrument = "piano";
  int bars = 0;
  int count_in = -1;  // -1: one bar for someone at a port.
  bool metronome = false;
  bool follow = false, free = false;  // Whose the tempo is; else a clock's, or what was said.
  std::optional<double> horizon_ms;
  std::int32_t stale = edge::Pace().stale;
  double simulated_ms = 0.1;
  double stalls = 0;
  // Of a node that takes part.
  std::string node;
  std::filesystem::path certificate, token;
  bool without_node = false;        // It begins where the node can't be reached, too.
  std::int32_t fixed_interval = 0;  // Frames; 0: no baseline.
  std::string mode = "auto", policy = "notes";
  bool explain = false;
  std::string shared = "duet-edge";
  LayerOptions layers;
  // What the player wants of it.
  std::filesystem::path chart;
  std::int32_t trade = 0;
  std::vector<std::string> controls, control_changes;
};

void add_jam_flags(CLI::App& flags, JamOptions& options);

/// What can be known to be wrong before the work is done.
Status check(const JamOptions& options);

}  // namespace antiphon::app
