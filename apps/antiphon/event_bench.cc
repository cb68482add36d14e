// SPDX-License-Identifier: Apache-2.0
#include "antiphon/event_bench.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <variant>
#include <vector>

#include "antiphon/model_folder.h"
#include "base/random.h"
#include "edge/measures.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

using Clock = std::chrono::steady_clock;
using Rows = std::vector<std::uint16_t>;

// About what music has of them.
constexpr std::size_t rows_a_step = 11, rows_a_condition = 4;

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

Rows draw_rows(Random& random, std::size_t count, std::uint32_t table) {
  Rows rows(count);
  for (auto& row : rows) row = static_cast<std::uint16_t>(random.below(table));
  return rows;
}

double rounded(double value) { return std::round(value * 10) / 10; }

/// Microseconds of each step of `count` players, from empty contexts to full ones.
std::vector<double> batch_times(const std::shared_ptr<const nn::Transformer>& net,
                                std::size_t count, const std::vector<nn::Step>& context,
                                const std::vector<Rows>& conditions) {
  std::vector<std::unique_ptr<nn::Session>> sessions;
  std::vector<nn::Session*> players;
  for (std::size_t i = 0; i < count; ++i) {
    players.push_back(sessions.emplace_back(std::make_unique<nn::Session>(net)).get());
  }
  nn::Batch batch(net, count);
  std::vector<nn::Step> steps(count);
  std::vector<double> times;
  for (std::size_t at = 0; at < context.size(); ++at) {
    // Each player plays something else, at the same time.
    for (std::size_t i = 0; i < count; ++i) {
      steps[i] = {context[(at + i) % context.size()].rows, context[at].time};
    }
    const auto start = Clock::now();
    batch.step(players, steps);
    for (std::size_t field = 0; field < net->config().fields.size(); ++field) {
      batch.logits(players, field);
      for (nn::Session* player : players) player->condition(conditions[at]);
    }
    times.push_back(microseconds(Clock::now() - start));
  }
  return times;
}

nlohmann::ordered_json spread_json(const edge::Spread& spread) {
  return {
      {"p50", rounded(spread.p50)}, {"p99", rounded(spread.p99)}, {"worst", rounded(spread.worst)}};
}

}  // namespace

Result<nlohmann::ordered_json> run_event_bench(const std::string& name, std::size_t events,
                                               std::size_t batch) {
  ANTIPHON_TRY(const LoadedModel model, load_model(name));
  const auto* transformer = std::get_if<std::shared_ptr<const nn::Transformer>>(&model.net);
  if (batch == 0 || batch > 4096) {
    return Error{Errc::invalid_input, "--batch must be 1 to 4096, got " + std::to_string(batch)};
  }
  if (batch > 1 && !transformer) {
    return Error{Errc::unsupported, model.name + " is no Transformer: only those play in batches"};
  }
  const nn::EventConfig& config = nn::config_of(model.net);
  const auto session = generate::make_event_model(model.net);
  Random random(1);
  std::vector<Rows> inputs, conditions;
  for (std::size_t i = 0; i < session->capacity(); ++i) {
    inputs.push_back(draw_rows(random, rows_a_step, config.input_rows));
    conditions.push_back(draw_rows(random, rows_a_condition, config.condition_rows));
  }
  std::vector<nn::Step> context;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    context.push_back({inputs[i], static_cast<std::int32_t>(i)});

  // A first round warms up.
  std::vector<double> times;
  for (std::size_t i = 0; i < events + context.size(); ++i) {
    const std::size_t at = i % context.size();
    if (at == 0) session->rewind(0);
    const auto start = Clock::now();
    session->feed({&context[at], 1});
    session->begin();
    for (std::size_t field = 0; field < config.fields.size(); ++field) {
      const auto logits = session->logits(static_cast<int>(field));
      if (!std::isfinite(logits.front()))
        return Error{Errc::internal, model.name + ": a logit that is no finite number"};
      session->condition(conditions[at]);
    }
    if (i >= context.size()) times.push_back(microseconds(Clock::now() - start));
  }
  double told = 0;
  for (int round = 0; round < 5; ++round) {
    session->rewind(0);
    const auto start = Clock::now();
    session->feed(context);
    const double took = microseconds(Clock::now() - start);
    if (round == 0 || took < told) told = took;
  }
  const edge::Spread spread = edge::spread_of(std::move(times));
  nlohmann::ordered_json result{{"model", model.name},
                                {"sha256", model.sha256},
                                {"events", events},
                                {"event_us", spread_json(spread)},
                                {"context", context.size()},
                                {"context_us", rounded(told)},
                                {"kernel", nn::kernels_of(model.net).name}};
  if (batch > 1) {
    const edge::Spread step =
        edge::spread_of(batch_times(*transformer, batch, context, conditions));
    result["batch"] = {{"players", batch},
                       {"step_us", spread_json(step)},
                       {"events_per_s", std::round(1e6 * static_cast<double>(batch) / step.p50)},
                       {"times_one", rounded(spread.p50 * static_cast<double>(batch) / step.p50)}};
  }
  return result;
}

std::string event_bench_text(const nlohmann::ordered_json& result) {
  const auto number = [&](const char* name) { return result[name].get<double>(); };
  const auto& event = result["event_us"];
  char text[512];
  std::snprintf(text, sizeof text,
                "%s, int8, one thread, kernels %s\n"
                "an event    p50 %.1f us, p99 %.1f us, worst of %.0f %.1f us\n"
                "a context   of %.0f events told at once: %.1f us\n",
                result["model"].get<std::string>().c_str(),
                result["kernel"].get<std::string>().c_str(), event["p50"].get<double>(),
                event["p99"].get<double>(), number("events"), event["worst"].get<double>(),
                number("context"), number("context_us"));
  std::string all = text;
  if (result.contains("batch")) {
    const auto& batch = result["batch"];
    std::snprintf(text, sizeof text,
                  "%.0f players   a step p50 %.1f us, p99 %.1f us: %.0f events/s, %.1f times one\n",
                  batch["players"].get<double>(), batch["step_us"]["p50"].get<double>(),
                  batch["step_us"]["p99"].get<double>(), batch["events_per_s"].get<double>(),
                  batch["times_one"].get<double>());
    all += text;
  }
  return all;
}

}  // namespace antiphon::app
