// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "antiphon/model_folder.h"
#include "antiphon/output_files.h"
#include "base/result.h"
#include "generate/duet.h"

namespace antiphon::app {

/// The flags of a subcommand that lets a model play, and what it leaves behind.
struct PerformingOptions : OutputFiles {
  std::filesystem::path in;
  std::string model = "duet-edge";
  std::string style = "unknown";
  float style_strength = 0;  ///< As in `generate::guide_style`.
  generate::Sampling sampling{.temperature = 0.95, .top_p = 0.95};
};

void add_performing_flags(CLI::App& flags, PerformingOptions& options);
/// Of these, how the model plays, and the report.
void add_model_flags(CLI::App& flags, PerformingOptions& options);
/// For who plays beside somebody: how many futures it chooses from.
void add_futures_flag(CLI::App& flags, PerformingOptions& options);
void add_report_flag(CLI::App& flags, PerformingOptions& options);

/// The model as it should play.
std::unique_ptr<generate::EventModel> player_of(const LoadedModel& model,
                                                const PerformingOptions& options);

/// What can be known to be wrong before the work is done.
Status check(const PerformingOptions& options);

/// Shows how far it is: a bar on a terminal, else nothing. Ctrl-C stops the work, and what was
/// played until then is kept.
generate::Progress show_progress(std::string what);

/// The same without anything to see: false once Ctrl-C was pressed.
generate::Progress watch_for_interrupt();

/// Writes the score, and the sound, picture and report that were asked for. `facts` opens the
/// report.
Status leave(const PerformingOptions& options, const LoadedModel& model,
             const generate::Performance& performance, std::chrono::duration<double> took,
             nlohmann::ordered_json facts);

}  // namespace antiphon::app
