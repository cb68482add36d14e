// SPDX-License-Identifier: Apache-2.0
#include "antiphon/serve_rest.h"

#include <sys/resource.h>

#include <charconv>
#include <sstream>

#include "antiphon/casting.h"
#include "base/file.h"
#include "formats/format.h"
#include "generate/duet.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

using Wishes = std::map<std::string, std::string>;

constexpr int niceness = 10;  // Of work that isn't live.

// From the line `| licence | ... |` of a card.
std::string licence_of(const std::string& card) {
  const std::string row = "| licence | ";
  const auto at = card.find(row);
  if (at == std::string::npos) return "not said";
  return card.substr(at + row.size(), card.find(" |", at + row.size()) - at - row.size());
}

Result<Bytes> accompany(const nn::EventNet& net, ByteView midi, const Wishes& wishes,
                        const std::function<bool()>& goes_on) {
  setpriority(PRIO_PROCESS, 0, niceness);  // On Linux, of this thread.
  Casting casting;
  generate::Sampling sampling{.temperature = 0.95, .top_p = 0.95};
  for (const auto& [name, value] : wishes) {
    if (name == "parts") {
      casting.parts.clear();
      std::istringstream parts(value);
      for (std::string part; std::getline(parts, part, ',');) casting.parts.push_back(part);
    } else if (name == "seed") {
      const char* const end = value.data() + value.size();
      const auto read = std::from_chars(value.data(), end, sampling.seed);
      if (read.ec != std::errc() || read.ptr != end)
        return Error{Errc::invalid_input, "seed: expected a number from 0"};
    } else {
      return Error{Errc::invalid_input, "expected parts or seed, got '" + name + "'"};
    }
  }
  ANTIPHON_TRY(const auto ai, ai_parts(casting));
  ANTIPHON_TRY(const formats::Reading reading, formats::read_midi(midi, "the file"));
  if (reading.score.parts.empty()) return Error{Errc::invalid_input, "the file has no notes"};
  ANTIPHON_TRY(const auto human, human_parts(reading.score, casting));
  const auto model = generate::make_event_model(net);
  ANTIPHON_TRY(const auto performance,
               generate::accompany(*model, reading.score, human, ai, tokens::Style::unknown,
                                   sampling, [&](double) { return goes_on(); }));
  return formats::write_midi(performance.score);
}

}  // namespace

Result<cloud::RestOptions> rest_options(const std::string& model, const LoadedModel& loaded) {
  ANTIPHON_TRY(const std::filesystem::path folder, find_model(model));
  const auto bytes = read_file(folder / "CARD.md", 1 << 20);
  const std::string card(bytes ? as_text(*bytes) : "");
  cloud::RestOptions options;
  options.version = ANTIPHON_VERSION;
  options.models = {{loaded.name, loaded.sha256, licence_of(card), card}};
  options.accompany = [net = loaded.net](ByteView midi, const Wishes& wishes,
                                         const std::function<bool()>& goes_on) {
    return accompany(net, midi, wishes, goes_on);
  };
  return options;
}

}  // namespace antiphon::app
