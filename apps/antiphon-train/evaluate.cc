// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "commands.h"
#include "options.h"
#include "train/begin.h"
#include "train/engine_score.h"
#include "train/evaluation.h"
#include "train/ngram.h"
#include "train/style_hearing.h"

namespace antiphon::apps {
namespace {

using train::Score;

// So many notes decide how the 5-gram looks back.
constexpr std::size_t design_notes = 1500000;

struct Options {
  DeviceFlags device;
  std::string data, checkpoint, model, engine, json;
  std::size_t notes = 20000;
  std::size_t ngram_notes = 1000000000;
  std::int64_t batch = 8;
  std::size_t context = 0;
  bool styles = false;
};

// A row of the table: who, and how it did on each corpus and on all of them.
struct Row {
  std::string name;
  std::vector<Score> by_corpus;
};

// A piece of each corpus in turn, as evaluation shows it, up to about `most_notes` notes in all.
std::vector<train::Excerpt> excerpts_of(const train::Dataset& data, std::size_t most_notes,
                                        std::size_t window) {
  std::vector<train::Excerpt> all;
  const std::size_t every = 1 + data.notes() / std::max<std::size_t>(most_notes, 1);
  for (std::size_t i = 0; i < data.pieces().size(); i += most_notes < data.notes() ? every : 1) {
    for (train::Excerpt& excerpt : train::evaluation_excerpts(data.pieces()[i], window)) {
      all.push_back(std::move(excerpt));
    }
  }
  return all;
}

train::FieldNgram count(int field, const train::Chain& chain,
                        const std::vector<train::Excerpt>& excerpts) {
  train::FieldNgram ngram(field, chain);
  for (const train::Excerpt& excerpt : excerpts) ngram.add(excerpt);
  ngram.finish();
  return ngram;
}

double nats_of(const train::FieldNgram& ngram, const std::vector<train::Excerpt>& excerpts) {
  double nats = 0;
  for (const train::Excerpt& excerpt : excerpts) nats += ngram.nats(excerpt);
  return nats;
}

// Of each field the chain that does best on validation.
train::NgramDesign choose_design(const std::vector<train::Excerpt>& train,
                                 const std::vector<train::Excerpt>& validation) {
  train::NgramDesign best{"5-gram, Kneser-Ney", {}};
  for (int field = 0; field < tokens::field_count; ++field) {
    const auto at = static_cast<std::size_t>(field);
    double least = 0;
    std::string line = "5-gram, " + std::string(tokens::fields[at].name) + ", on validation:";
    for (const train::NgramDesign& design : train::ngram_designs()) {
      // A chain's last levels may do harm.
      for (std::size_t levels = design.chains[at].size() - 2; levels <= design.chains[at].size();
           ++levels) {
        const train::Chain chain(design.chains[at].begin(),
                                 design.chains[at].begin() + static_cast<std::ptrdiff_t>(levels));
        const double nats = nats_of(count(field, chain, train), validation);
        char text[64];
        std::snprintf(text, sizeof text, " %s/%zu %.0f", design.name.c_str(), levels, nats);
        line += text;
        if (best.chains[at].empty() || nats < least) least = nats, best.chains[at] = chain;
      }
    }
    say(line);
  }
  return best;
}

// Field by field, because the counts of all together take much memory.
Row ngram_row(const train::NgramDesign& design, const std::vector<train::Excerpt>& train,
              const std::vector<std::vector<train::Excerpt>>& held_out) {
  Row row{design.name, {}};
  for (const auto& excerpts : held_out) {
    Score score{std::vector<double>(tokens::field_count), 0, 0};
    for (const train::Excerpt& excerpt : excerpts) {
      score.events += static_cast<std::int64_t>(excerpt.events.size());
      score.notes += train::notes_of(excerpt);
    }
    row.by_corpus.push_back(std::move(score));
  }
  for (int field = 0; field < tokens::field_count; ++field) {
    const auto at = static_cast<std::size_t>(field);
    const train::FieldNgram ngram = count(field, design.chains[at], train);
    for (std::size_t i = 0; i < held_out.size(); ++i) {
      row.by_corpus[i].nats[at] = nats_of(ngram, held_out[i]);
    }
  }
  say(row.name + " done");
  return row;
}

// A model as it plays: what it costs in nats, and on the first corpus in time.
Row engine_row(const std::string& name, const Result<train::EngineModel>& model,
               const std::vector<std::vector<train::Excerpt>>& held_out) {
  if (!model) fail(model.error().message);
  Row row{name, {}};
  for (const auto& excerpts : held_out) row.by_corpus.push_back(train::score(*model, excerpts));
  train::PlayingCost least;
  for (int round = 0; round < 3; ++round) {
    const train::PlayingCost cost = train::playing_cost(*model, held_out.front());
    if (round == 0 || cost.us_per_note < least.us_per_note) least = cost;
  }
  char line[128];
  std::snprintf(line, sizeof line, "%s: %.3f backbone steps and %.1f us a note", name.c_str(),
                least.steps_per_note, least.us_per_note);
  say(line);
  return row;
}

void save(const nlohmann::ordered_json& json, const std::string& path) {
  if (path.empty()) return;
  const Status status = write_file(path, json.dump(1) + "\n");
  if (!status) fail(status.error().message);
}

void print(const std::vector<train::CorpusPieces>& corpora, const std::vector<Row>& rows,
           const std::string& json_path) {
  nlohmann::ordered_json json;
  for (const Row& row : rows) {
    Score all;
    std::printf("%s\n", row.name.c_str());
    for (std::size_t i = 0; i <= corpora.size(); ++i) {
      const bool sum = i == corpora.size();
      const Score& score = sum ? all : row.by_corpus[i];
      const std::string name = sum ? "all" : corpora[i].corpus;
      std::printf("  %-24s %8lld notes  %7.3f nats/note  %7.3f nats/event [", name.c_str(),
                  static_cast<long long>(score.notes), score.per_note(), score.per_event());
      for (const double nats : score.nats) {
        std::printf(" %.3f", nats / static_cast<double>(std::max<std::int64_t>(score.events, 1)));
      }
      std::printf(" ]\n");
      json[row.name][name] = {{"notes", score.notes},
                              {"events", score.events},
                              {"nats_per_note", score.per_note()},
                              {"nats_per_event", score.per_event()},
                              {"nats_by_field", score.nats}};
      if (!sum) all.add(score);
    }
  }
  save(json, json_path);
}

// What a judge of styles is worth: see `hear_styles`.
void judge_styles(const Options& options) {
  const auto model = is_directory(std::filesystem::path(options.checkpoint))
                         ? train::load_exported(options.checkpoint)
                         : train::load_for_engine(options.checkpoint, nn::Type::i8);
  if (!model) fail(model.error().message);
  const auto held_out = train::Dataset::read(options.data, "held-out");
  if (!held_out) fail(held_out.error().message);
  train::StyleHeard all{"all"};
  auto styles = train::hear_styles(*model, *held_out);
  for (const train::StyleHeard& style : styles) {
    all.pieces += style.pieces;
    all.likeliest += style.likeliest;
    all.near += style.near;
  }
  styles.push_back(all);
  nlohmann::ordered_json json;
  for (const train::StyleHeard& style : styles) {
    const double pieces = std::max(style.pieces, 1);
    std::printf("%-12s %4d pieces, likeliest %.2f, likeliest or next %.2f\n", style.style.c_str(),
                style.pieces, style.likeliest / pieces, style.near / pieces);
    json[style.style] = {
        {"pieces", style.pieces}, {"likeliest", style.likeliest}, {"near", style.near}};
  }
  save(json, options.json);
}

void evaluate(const Options& options) {
  if (options.styles) return judge_styles(options);
  options.device.apply();
  const auto shape = train::shape_to_begin_with(options.checkpoint);
  if (!shape) fail(shape.error().message);
  const auto held_out = train::Dataset::read(options.data, "held-out");
  if (!held_out) fail(held_out.error().message);
  const auto corpora = train::pieces_by_corpus(*held_out, options.notes);
  const std::size_t context = options.context > 0 ? options.context : shape->context;
  if (context < 32 || context > shape->context) {
    fail("--context: 32 to " + std::to_string(shape->context) + ", the model's, not " +
         std::to_string(context));
  }
  const std::size_t window = train::window_of(train::layout_of(*shape), context);
  std::vector<std::vector<train::Excerpt>> excerpts(corpora.size());
  for (std::size_t i = 0; i < corpora.size(); ++i) {
    for (const train::Piece* piece : corpora[i].pieces) {
      for (train::Excerpt& excerpt : train::evaluation_excerpts(*piece, window)) {
        excerpts[i].push_back(std::move(excerpt));
      }
    }
  }

  std::vector<Row> rows;
  if (!options.model.empty()) {
    rows.push_back(
        engine_row("exported model, in the engine", train::load_exported(options.model), excerpts));
  }
  if (!options.engine.empty()) {
    rows.push_back(engine_row(
        "model, in the engine as " + options.engine,
        train::load_for_engine(options.checkpoint, *nn::type_named(options.engine)), excerpts));
  }
  train::Model model(*shape, options.device.product(), options.device.device(), 1);
  for (const bool trained : {true, false}) {
    if (trained) {
      const Status status = train::begin_with(options.checkpoint, model);
      if (!status) fail(status.error().message);
    } else {
      model = train::Model(*shape, options.device.product(), options.device.device(), 1);
    }
    Row row{trained ? "model" : "untrained net", {}};
    for (const auto& of_corpus : excerpts) {
      row.by_corpus.push_back(train::score(model, of_corpus, options.batch));
    }
    rows.push_back(std::move(row));
    say(rows.back().name + " done");
  }
  if (options.ngram_notes > 0) {
    const auto data = train::Dataset::read(options.data, "train");
    if (!data) fail(data.error().message);
    const auto validation = train::Dataset::read(options.data, "validation");
    if (!validation) fail(validation.error().message);
    const auto few = excerpts_of(*data, std::min(options.ngram_notes, design_notes), window);
    const train::NgramDesign design =
        choose_design(few, excerpts_of(*validation, design_notes, window));
    const auto all = excerpts_of(*data, options.ngram_notes, window);
    rows.push_back(ngram_row(train::unigram_design(), all, excerpts));
    rows.push_back(ngram_row(design, all, excerpts));
  }
  print(corpora, rows, options.json);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("evaluate", "Score a checkpoint and its baselines on held-out pieces");
  command->add_option("--data", options->data, "Folder of shards")->required();
  command
      ->add_option("--checkpoint", options->checkpoint,
                   "A last.safetensors of `run`, or a model's folder")
      ->required();
  command->add_option("--model", options->model,
                      "A folder that `export` made: scored in the engine, too");
  command->add_option("--engine", options->engine, "Score the checkpoint in the engine, too")
      ->check(CLI::IsMember({"f32", "bf16", "int8"}));
  options->device.add(*command);
  command->add_option("--notes", options->notes, "About so many notes a corpus")
      ->capture_default_str();
  command
      ->add_option("--ngram-notes", options->ngram_notes,
                   "Notes of train that the counts are from; 0: no unigram and 5-gram")
      ->capture_default_str();
  command->add_option("--context", options->context,
                      "Pieces are cut into stretches of so many steps; 0: what the model can see");
  command->add_option("--batch", options->batch, "Rows at once")->capture_default_str();
  command->add_flag(
      "--styles", options->styles,
      "Only this: how often the checkpoint tells the style of a held-out piece, its notes "
      "played by one piano");
  command->add_option("--json", options->json, "Write the figures to this file, too");
  command->callback([options] { evaluate(*options); });
}

}  // namespace antiphon::apps
