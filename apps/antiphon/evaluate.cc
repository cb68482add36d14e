// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

#include "antiphon/commands.h"
#include "antiphon/evaluation.h"
#include "antiphon/score_files.h"
#include "music/melody.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<fs::path> in;
  fs::path reference;
  std::string melody;
  bool json = false;
};

/// The reference's files by name without ending. A name that stands for several files has none.
std::map<std::string, fs::path> by_stem(const std::vector<fs::path>& files) {
  std::map<std::string, fs::path> index;
  for (const fs::path& file : files) {
    auto [place, added] = index.emplace(file.stem().string(), file);
    if (!added) place->second.clear();
  }
  return index;
}

struct Measured {
  music::Score score;
  music::Roles roles;
};

Result<Measured> measure(const fs::path& file, const std::string& melody) {
  ANTIPHON_TRY(music::Score score, read_score(file));
  std::optional<std::size_t> chosen;
  if (!melody.empty()) {
    const auto part = music::find_part(score, melody);
    if (!part) return Error{part.error().code, file.string() + ": " + part.error().message};
    chosen = *part;
  }
  music::Roles roles = music::roles_of(score, chosen);
  if (roles.accompaniment.empty()) {
    return Error{Errc::invalid_input, file.string() + ": there is no part beside the melody"};
  }
  return Measured{std::move(score), std::move(roles)};
}

/// All of what was measured, and what couldn't be.
struct Evaluation {
  std::vector<Evaluated> files;
  std::vector<std::pair<fs::path, std::string>> failed;
  Summary summary, reference;
};

/// As StreamMUSE has it, the piece is over with the last note of either accompaniment.
music::Ticks last_end(const Measured& a, const Measured& b) {
  music::Ticks end;
  for (const Measured* one : {&a, &b}) {
    for (const music::Note& note : music::accompaniment_of(one->score, one->roles)) {
      end = std::max(end, note.end());
    }
  }
  return end;
}

Status evaluate_one(const fs::path& file, const fs::path& reference_file, const Options& options,
                    Evaluation& evaluation) {
  ANTIPHON_TRY(const Measured measured, measure(file, options.melody));
  const music::Part& melody = measured.score.parts[measured.roles.melody];
  Evaluated result{file, melody.name, music::quality_of(measured.score, measured.roles), {}};
  if (result.melody.empty()) result.melody = std::to_string(measured.roles.melody + 1);

  if (!reference_file.empty()) {
    ANTIPHON_TRY(const Measured reference, measure(reference_file, options.melody));
    const music::Ticks end = last_end(measured, reference);
    const auto ours = music::histograms_of(measured.score, measured.roles, end);
    const auto theirs = music::histograms_of(reference.score, reference.roles, end);
    result.distance = music::distance_of(ours, theirs);
    evaluation.summary.add(*result.distance);
    evaluation.summary.add(ours, theirs);
    evaluation.reference.add(music::quality_of(reference.score, reference.roles));
  }
  evaluation.summary.add(result.quality);
  evaluation.files.push_back(std::move(result));
  return Done{};
}

void print_row(const std::string& name, const music::Harmony& harmony,
               const std::optional<double>& key_agreement, double notes_a_bar, double polyphony,
               int faults, const std::optional<music::Distance>& distance) {
  const auto number = [](const std::optional<double>& value) {
    std::array<char, 32> text{};
    if (value) std::snprintf(text.data(), text.size(), "%.3f", *value);
    return value ? std::string(text.data()) : std::string("-");
  };
  std::string shown = name;
  if (shown.size() > 34) shown = "..." + shown.substr(shown.size() - 31);
  std::printf("%-34s %9s %9s %11s %7s %9.1f %7.2f %6d", shown.c_str(),
              number(harmony.consonant_ratio()).c_str(), number(harmony.dissonant_ratio()).c_str(),
              number(harmony.unsupported_ratio()).c_str(), number(key_agreement).c_str(),
              notes_a_bar, polyphony, faults);
  if (distance) {
    std::printf(" %9s %9s %7s", number(distance->pitch).c_str(), number(distance->onset).c_str(),
                number(distance->bar).c_str());
  }
  std::printf("\n");
}

void print_summary(const std::string& name, const Summary& summary) {
  print_row(name, summary.mean_harmony(), summary.mean_key_agreement(), summary.mean_notes_a_bar(),
            summary.mean_polyphony(), summary.faults().total(), summary.mean_distance());
}

void print_table(const Evaluation& evaluation) {
  std::printf("%-34s %9s %9s %11s %7s %9s %7s %6s", "", "consonant", "dissonant", "unsupported",
              "in key", "notes/bar", "voices", "faults");
  if (evaluation.reference.pieces() > 0) {
    std::printf(" %9s %9s %7s", "pitch JSD", "onset JSD", "bar JSD");
  }
  std::printf("\n");
  for (const Evaluated& file : evaluation.files) {
    print_row(file.file.filename().string(), file.quality.harmony, file.quality.key_agreement,
              file.quality.density.notes_a_bar, file.quality.density.polyphony,
              file.quality.faults.total(), file.distance);
  }
  if (evaluation.files.size() > 1) {
    print_summary("mean of " + std::to_string(evaluation.summary.pieces()), evaluation.summary);
  }
  if (evaluation.reference.pieces() > 0) {
    print_summary("reference, mean of " + std::to_string(evaluation.reference.pieces()),
                  evaluation.reference);
  }
}

void print_json(const Evaluation& evaluation) {
  Json json = {{"files", Json::array()}, {"failed", Json::array()}};
  for (const Evaluated& file : evaluation.files) {
    Json entry = {{"file", file.file.string()}, {"melody", file.melody}};
    entry.update(to_json(file.quality));
    if (file.distance) entry.update(to_json(*file.distance));
    json["files"].push_back(std::move(entry));
  }
  for (const auto& [file, why] : evaluation.failed) {
    json["failed"].push_back({{"file", file.string()}, {"why", why}});
  }
  json["summary"] = evaluation.summary.to_json();
  if (evaluation.reference.pieces() > 0) json["reference"] = evaluation.reference.to_json();
  // Names of parts may be in any encoding.
  std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

Status evaluate(const Options& options) {
  std::map<std::string, fs::path> references;
  if (!options.reference.empty()) {
    ANTIPHON_TRY(const auto files, score_files_in(options.reference));
    references = by_stem(files);
  }
  std::vector<fs::path> inputs;
  for (const fs::path& in : options.in) {
    ANTIPHON_TRY(const auto files, score_files_in(in));
    inputs.insert(inputs.end(), files.begin(), files.end());
  }

  Evaluation evaluation;
  for (const fs::path& file : inputs) {
    fs::path reference;
    if (const auto found = references.find(file.stem().string()); found != references.end()) {
      reference = found->second;
    }
    if (!options.reference.empty() && reference.empty()) {
      std::cerr << "antiphon: " << file.string() << ": note: no score in "
                << options.reference.string() << " has this name\n";
    }
    if (const Status status = evaluate_one(file, reference, options, evaluation); !status) {
      evaluation.failed.emplace_back(file, status.error().message);
      if (inputs.size() > 1) std::cerr << "antiphon: " << status.error().message << '\n';
    }
  }
  if (inputs.size() == 1 && !evaluation.failed.empty()) {
    return Error{Errc::invalid_input, evaluation.failed.front().second};
  }
  options.json ? print_json(evaluation) : print_table(evaluation);
  if (evaluation.failed.empty()) return Done{};
  return Error{Errc::invalid_input, std::to_string(evaluation.failed.size()) + " of " +
                                        std::to_string(inputs.size()) +
                                        " files couldn't be evaluated"};
}

}  // namespace

Action evaluate_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.add_option("IN", options->in, "Scores, or folders of them")->required();
  flags.add_option("--reference", options->reference,
                   "A folder with the same pieces, by name, as people accompany them");
  flags.add_option("--melody", options->melody,
                   "The part that is accompanied: its name or number (default: the one most like a "
                   "melody)");
  flags.add_flag("--json", options->json, "Print JSON");
  return [options] { return evaluate(*options); };
}

}  // namespace antiphon::app
