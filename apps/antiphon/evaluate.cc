// SPDX-License-Identifier: Apache-2.0
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

Result<Measured> measure(const fs::path& file, const std::string& melody, Omissions& omissions) {
  ANTIPHON_TRY(music::Score score, read_score(file, omissions));
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
  Omissions omissions;
};

Status evaluate_one(const fs::path& file, const fs::path& reference_file, const Options& options,
                    Evaluation& evaluation) {
  ANTIPHON_TRY(const Measured measured, measure(file, options.melody, evaluation.omissions));
  const music::Part& melody = measured.score.parts[measured.roles.melody];
  Evaluated result{file, melody.name, evaluation.summary.add(measured.score, measured.roles), {}};
  if (result.melody.empty()) result.melody = std::to_string(measured.roles.melody + 1);

  if (!reference_file.empty()) {
    ANTIPHON_TRY(const Measured reference,
                 measure(reference_file, options.melody, evaluation.omissions));
    result.distance = evaluation.summary.compare(measured.score, measured.roles, reference.score,
                                                 reference.roles);
    evaluation.reference.add(reference.score, reference.roles);
  }
  evaluation.files.push_back(std::move(result));
  return Done{};
}

struct Row {
  std::string name;
  music::Harmony harmony;
  std::optional<double> key_agreement;
  double notes_a_bar, polyphony;
  std::optional<double> recurrence;
  int faults;
  std::optional<music::Distance> distance;
};

void print(const Row& row) {
  const auto number = [](const std::optional<double>& value) {
    std::array<char, 32> text{};
    if (value) std::snprintf(text.data(), text.size(), "%.3f", *value);
    return value ? std::string(text.data()) : std::string("-");
  };
  std::string shown = row.name;
  if (shown.size() > 34) shown = "..." + shown.substr(shown.size() - 31);
  std::printf("%-34s %9s %9s %11s %7s %9.1f %7.2f %7s %6d", shown.c_str(),
              number(row.harmony.consonant_ratio()).c_str(),
              number(row.harmony.dissonant_ratio()).c_str(),
              number(row.harmony.unsupported_ratio()).c_str(), number(row.key_agreement).c_str(),
              row.notes_a_bar, row.polyphony, number(row.recurrence).c_str(), row.faults);
  if (row.distance) {
    std::printf(" %9s %9s %7s %6s", number(row.distance->pitch).c_str(),
                number(row.distance->onset).c_str(), number(row.distance->bar).c_str(),
                number(row.distance->form).c_str());
  }
  std::printf("\n");
}

Row row_of(std::string name, const Summary& summary) {
  return {std::move(name),
          summary.mean_harmony(),
          summary.mean_key_agreement(),
          summary.mean_notes_a_bar(),
          summary.mean_polyphony(),
          summary.mean_recurrence(),
          summary.faults().total(),
          summary.mean_distance()};
}

Row row_of(const Evaluated& file) {
  return {file.file.filename().string(),  file.quality.harmony,
          file.quality.key_agreement,     file.quality.density.notes_a_bar,
          file.quality.density.polyphony, file.quality.form.recurrence,
          file.quality.faults.total(),    file.distance};
}

void print_table(const Evaluation& evaluation) {
  std::printf("%-34s %9s %9s %11s %7s %9s %7s %7s %6s", "", "consonant", "dissonant", "unsupported",
              "in key", "notes/bar", "voices", "returns", "faults");
  const bool compared = evaluation.reference.pieces() > 0;
  if (compared) std::printf(" %9s %9s %7s %6s", "pitch JSD", "onset JSD", "bar JSD", "form");
  std::printf("\n");
  for (const Evaluated& file : evaluation.files) print(row_of(file));
  if (evaluation.files.size() > 1) {
    print(row_of("mean of " + std::to_string(evaluation.summary.pieces()), evaluation.summary));
  }
  if (!compared) return;
  print(row_of("reference, mean of " + std::to_string(evaluation.reference.pieces()),
               evaluation.reference));
  if (const auto distance = evaluation.summary.frechet_distance(evaluation.reference)) {
    std::printf("Frechet distance from the reference, on descriptors of four bars: %.3f\n",
                *distance);
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
  if (evaluation.reference.pieces() > 0) {
    json["reference"] = evaluation.reference.to_json();
    const auto distance = evaluation.summary.frechet_distance(evaluation.reference);
    json["frechet_distance"] = distance ? Json(*distance) : Json();
  }
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
