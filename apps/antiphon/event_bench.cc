// SPDX-License-Identifier: Apache-2.0
#include "antiphon/event_bench.h"

#include <chrono>
#include <cmath>
#include <cstdio>
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

}  // namespace

Result<nlohmann::ordered_json> run_event_bench(const std::string& name, std::size_t events) {
  ANTIPHON_TRY(const LoadedModel model, load_model(name));
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
  return nlohmann::ordered_json{{"model", model.name},
                                {"sha256", model.sha256},
                                {"events", events},
                                {"event_us",
                                 {{"p50", rounded(spread.p50)},
                                  {"p99", rounded(spread.p99)},
                                  {"worst", rounded(spread.worst)}}},
                                {"context", context.size()},
                                {"context_us", rounded(told)},
                                {"kernel", nn::kernels_of(model.net).name}};
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
  return text;
}

}  // namespace antiphon::app
