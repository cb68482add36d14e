// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "commands.h"
#include "options.h"
#include "train/checkpoint.h"
#include "train/evaluation.h"
#include "train/ngram.h"

namespace antiphon::apps {
namespace {

using train::Score;

struct Options {
  DeviceFlags device;
  std::string data, checkpoint, json;
  std::size_t notes = 20000;
  std::size_t ngram_notes = 3000000;
  std::int64_t batch = 8;
};

// A row of the table: who, and how it did on each corpus and on all of them.
struct Row {
  std::string name;
  std::vector<Score> by_corpus;
};

Score score_of(const train::Ngram& ngram, const std::vector<train::Excerpt>& excerpts,
               int contexts) {
  Score total;
  for (const train::Excerpt& excerpt : excerpts) {
    const auto nats = ngram.nats(excerpt.events, contexts);
    Score one{{nats.begin(), nats.end()}, static_cast<std::int64_t>(excerpt.events.size()), 0};
    for (const tokens::Event& event : excerpt.events) {
      one.notes += event.type == tokens::EventType::note || event.type == tokens::EventType::onset;
    }
    total.add(one);
  }
  return total;
}

train::Ngram count_ngrams(const train::Dataset& data, std::size_t most_notes, std::size_t context) {
  train::Ngram ngram;
  std::size_t notes = 0;
  // Every n-th piece, so that all corpora are heard.
  const std::size_t every =
      std::max<std::size_t>(1, data.notes() / std::max<std::size_t>(most_notes, 1));
  for (std::size_t i = 0; i < data.pieces().size() && notes < most_notes; i += every) {
    for (const train::Excerpt& excerpt : train::evaluation_excerpts(data.pieces()[i], context)) {
      ngram.add(excerpt.events);
    }
    notes += data.pieces()[i].notes();
  }
  ngram.finish();
  return ngram;
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
  if (json_path.empty()) return;
  const Status status = write_file(json_path, json.dump(1) + "\n");
  if (!status) fail(status.error().message);
}

void evaluate(const Options& options) {
  options.device.apply();
  const auto shape = train::checkpoint_shape(options.checkpoint);
  if (!shape) fail(shape.error().message);
  const auto held_out = train::Dataset::read(options.data, "held-out");
  if (!held_out) fail(held_out.error().message);
  const auto corpora = train::pieces_by_corpus(*held_out, options.notes);
  std::vector<std::vector<train::Excerpt>> excerpts(corpora.size());
  for (std::size_t i = 0; i < corpora.size(); ++i) {
    for (const train::Piece* piece : corpora[i].pieces) {
      for (train::Excerpt& excerpt : train::evaluation_excerpts(*piece, shape->context)) {
        excerpts[i].push_back(std::move(excerpt));
      }
    }
  }

  std::vector<Row> rows;
  train::Model model(*shape, options.device.product(), options.device.device(), 1);
  for (const bool trained : {true, false}) {
    if (trained) {
      const Status status = train::load_parameters(options.checkpoint, model);
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
    const train::Ngram ngram = count_ngrams(*data, options.ngram_notes, shape->context);
    const auto row_of = [&](const std::string& name, int contexts) {
      Row row{name, {}};
      for (const auto& of_corpus : excerpts) {
        row.by_corpus.push_back(score_of(ngram, of_corpus, contexts));
      }
      return row;
    };
    const auto nats_of = [](const Row& row) {
      double nats = 0;
      for (const Score& score : row.by_corpus) nats += score.total();
      return nats;
    };
    rows.push_back(row_of("unigram", 1));
    // Longer contexts can do harm; the baseline gets the depth that suits these very pieces best.
    Row best = row_of("5-gram with back-off", train::Ngram::all_contexts);
    for (int contexts = 2; contexts < train::Ngram::all_contexts; ++contexts) {
      Row row = row_of("5-gram with back-off, best with " + std::to_string(contexts) + " contexts",
                       contexts);
      if (nats_of(row) < nats_of(best)) best = std::move(row);
    }
    rows.push_back(std::move(best));
  }
  print(corpora, rows, options.json);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("evaluate", "Score a checkpoint and its baselines on held-out pieces");
  command->add_option("--data", options->data, "Folder of shards")->required();
  command->add_option("--checkpoint", options->checkpoint, "A last.safetensors of `run`")
      ->required();
  options->device.add(*command);
  command->add_option("--notes", options->notes, "About so many notes a corpus")
      ->capture_default_str();
  command
      ->add_option("--ngram-notes", options->ngram_notes,
                   "Notes of train that the counts are from; 0: no unigram and 5-gram")
      ->capture_default_str();
  command->add_option("--batch", options->batch, "Rows at once")->capture_default_str();
  command->add_option("--json", options->json, "Write the figures to this file, too");
  command->callback([options] { evaluate(*options); });
}

}  // namespace antiphon::apps
