// SPDX-License-Identifier: Apache-2.0
#include "music/originality.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "commands.h"
#include "formats/format.h"
#include "options.h"
#include "train/dataset.h"
#include "train/editions.h"

namespace antiphon::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Flags {
  fs::path data, json;
  std::vector<fs::path> scores;
  std::string part;
};

using Lines = std::vector<std::vector<music::LineNote>>;

constexpr std::size_t lengths[] = {8, 12, 16};

/// The training pieces' lines, and their stretches by length.
struct Known {
  Lines lines;
  std::vector<music::Stretches> stretches;
};

struct Measured {
  std::string name;
  std::size_t pieces = 0;
  std::vector<music::Stretches::Rate> rates;
  std::size_t longest = 0;
};

void add_lines(const tokens::GridScore& score, const std::string& part_name, Lines& lines) {
  for (const tokens::GridPart& part : score.parts) {
    if (part.name.starts_with(part_name)) lines.push_back(train::line_of(part));
  }
}

Measured measure(std::string name, const std::vector<const tokens::GridScore*>& scores,
                 const std::string& part_name, const Known& known) {
  Lines lines;
  for (const tokens::GridScore* score : scores) add_lines(*score, part_name, lines);
  Measured measured{std::move(name), scores.size(), {}};
  for (const music::Stretches& stretches : known.stretches) {
    music::Stretches::Rate& rate = measured.rates.emplace_back();
    for (const auto& line : lines) rate += stretches.rate(line);
  }
  measured.longest = music::longest_shared(lines, known.lines, lengths[0]);
  return measured;
}

Json to_json(const Measured& measured) {
  Json json = {{"name", measured.name}, {"pieces", measured.pieces}};
  for (std::size_t i = 0; i < measured.rates.size(); ++i) {
    json[std::to_string(lengths[i])] = {{"found", measured.rates[i].found},
                                        {"all", measured.rates[i].all}};
  }
  json["longest"] = measured.longest;
  return json;
}

void print(const Measured& measured) {
  std::printf("%-32s %6zu", measured.name.c_str(), measured.pieces);
  for (const auto& rate : measured.rates) {
    const double share =
        rate.all > 0 ? static_cast<double>(rate.found) / static_cast<double>(rate.all) : 0.0;
    std::printf("   %8.4f %8zu", share, rate.all);
  }
  std::printf("   %7zu\n", measured.longest);
}

Result<std::vector<tokens::GridScore>> read_scores(const std::vector<fs::path>& paths) {
  std::vector<tokens::GridScore> scores;
  for (const fs::path& path : paths) {
    ANTIPHON_TRY(const Bytes bytes, read_file(path, std::size_t{1} << 28));
    ANTIPHON_TRY(const formats::Reading reading, formats::read(path.string(), bytes));
    scores.push_back(tokens::quantize(reading.score));
  }
  return scores;
}

Status originality(const Flags& flags) {
  ANTIPHON_TRY(const std::vector<tokens::GridScore> given, read_scores(flags.scores));
  Known known;
  {
    ANTIPHON_TRY(const train::Dataset train, train::Dataset::read(flags.data, "train"));
    for (const train::Piece& piece : train.pieces()) add_lines(piece.score, "", known.lines);
  }
  for (const std::size_t length : lengths) {
    music::Stretches& stretches = known.stretches.emplace_back(length);
    for (const auto& line : known.lines) stretches.add(line);
    stretches.finish();
  }

  ANTIPHON_TRY(const train::Dataset held_out, train::Dataset::read(flags.data, "held-out"));
  std::vector<Measured> rows;
  std::vector<const tokens::GridScore*> all;
  std::map<std::string, std::vector<const tokens::GridScore*>> by_corpus;
  for (const train::Piece& piece : held_out.pieces()) {
    all.push_back(&piece.score);
    by_corpus[piece.path.substr(0, piece.path.find('/'))].push_back(&piece.score);
  }
  for (const auto& [corpus, scores] : by_corpus) {
    rows.push_back(measure("held out: " + corpus, scores, "", known));
  }
  rows.push_back(measure("held out: all", all, "", known));
  if (!given.empty()) {
    std::vector<const tokens::GridScore*> scores;
    for (const tokens::GridScore& score : given) scores.push_back(&score);
    rows.push_back(measure("the scores", scores, flags.part, known));
  }

  std::printf("%-32s %6s", "matches in training, and of how many", "pieces");
  for (const std::size_t length : lengths) std::printf("   %8zu notes  ", length);
  std::printf("   longest\n");
  Json json = {{"rows", Json::array()}};
  for (const Measured& row : rows) {
    print(row);
    json["rows"].push_back(to_json(row));
  }
  return flags.json.empty() ? Status(Done{}) : write_file(flags.json, json.dump(2) + "\n");
}

}  // namespace

void add_originality(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "originality", "How many stretches of melodies the training pieces hold as well");
  command->add_option("scores", flags->scores, "Scores to measure beside the held-out pieces");
  command->add_option("--data", flags->data, "Folder of shards")->required();
  command->add_option("--part", flags->part,
                      "Only parts whose names begin so, of the scores; \"Antiphon:\" for AI parts");
  command->add_option("--json", flags->json, "Also write the counts to this file");
  command->callback([flags] {
    if (const Status status = originality(*flags); !status) fail(status.error().message);
  });
}

}  // namespace antiphon::apps
