// SPDX-License-Identifier: Apache-2.0
#include "antiphon/models_bench.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <thread>

#include "base/random.h"
#include "nn/machine_speed.h"
#include "nn/session.h"

namespace antiphon {
namespace {

using Clock = std::chrono::steady_clock;
using Model = std::shared_ptr<const nn::Transformer>;

constexpr std::uint64_t seed = 1;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Status check_range(const char* flag, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return Done{};
  return Error{Errc::invalid_input, std::string(flag) + " must be " + std::to_string(least) +
                                        " to " + std::to_string(most) + ", got " +
                                        std::to_string(value)};
}

Result<nn::TransformerConfig> shape_of(const ModelsBenchOptions& o) {
  ANTIPHON_CHECK(check_range("--threads", o.threads, 1, 256));
  ANTIPHON_CHECK(check_range("--batch", o.batch, 1, 4096));
  ANTIPHON_CHECK(check_range("--prompt", o.prompt, 1, 65536));
  ANTIPHON_CHECK(check_range("--generate", o.generate, 1, 65536));
  ANTIPHON_CHECK(
      check_range("--prompt and --generate together", o.prompt + o.generate, 2, o.context));
  ANTIPHON_CHECK(check_range("--heads", o.heads, 1, 256));
  if (o.dim % o.heads != 0) {
    return Error{Errc::invalid_input, "--dim must be a multiple of --heads, got " +
                                          std::to_string(o.dim) + " and " +
                                          std::to_string(o.heads)};
  }
  const auto config = nn::TransformerConfig::plain(
      o.layers, o.dim, o.heads, o.kv_heads == 0 ? o.heads : o.kv_heads, o.ff, o.vocab, o.context);
  ANTIPHON_CHECK(config.check());
  return config;
}

/// A token as the step that feeds it.
nn::Step step_of(const std::uint16_t& token) { return {{&token, 1}, 0}; }

std::vector<std::uint16_t> random_tokens(std::size_t count, std::uint32_t vocab,
                                         std::uint64_t from) {
  Random random(from);
  std::vector<std::uint16_t> tokens(count);
  for (auto& token : tokens) token = static_cast<std::uint16_t>(random.below(vocab));
  return tokens;
}

std::vector<nn::Step> steps_of(const std::vector<std::uint16_t>& tokens) {
  std::vector<nn::Step> steps;
  for (const std::uint16_t& token : tokens) steps.push_back(step_of(token));
  return steps;
}

std::vector<float> logits_after(const Model& model, std::span<const nn::Step> steps) {
  nn::Session session(model, {.capacity = steps.size()});
  session.feed(steps);
  session.begin();
  const std::span<const float> logits = session.logits(0);
  return {logits.begin(), logits.end()};
}

/// Root mean square difference of the logits after some steps from those of f32 weights and scalar
/// kernels, over the latter's root mean square.
Result<double> logit_error(const Model& model, const nn::TransformerConfig& config) {
  ANTIPHON_TRY(const Model exact,
               nn::Transformer::random(config, seed, {nn::Type::f32, &nn::scalar_kernels}));
  const auto tokens =
      random_tokens(std::min<std::size_t>(12, config.context), config.input_rows, 3);
  const std::vector<nn::Step> steps = steps_of(tokens);
  const std::vector<float> got = logits_after(model, steps), expected = logits_after(exact, steps);
  double error = 0.0, size = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += std::pow(double{got[i]} - double{expected[i]}, 2.0);
    size += std::pow(double{expected[i]}, 2.0);
  }
  const double ratio = std::sqrt(error / size);
  // What docs/engine.md derives for one product; errors of many add up like a random walk.
  const double each = model->type() == nn::Type::f32    ? 1e-5
                      : model->type() == nn::Type::bf16 ? 3e-3
                                                        : 1e-2;
  const double most = each * std::sqrt(4.0 * config.layers + 2.0);
  if (ratio <= most) return ratio;  // Written so that NaN fails too.
  return Error{Errc::internal, "the logits differ from the reference by " + std::to_string(ratio) +
                                   " of their size, at most " + std::to_string(most) +
                                   " is right for this type"};
}

/// Sequences that play at once.
class Players {
 public:
  Players(const Model& model, const ModelsBenchOptions& options, nn::Workers& workers)
      : options_(options), batch_(model, options.batch, &workers), next_(options.batch) {
    for (std::uint32_t i = 0; i < options.batch; ++i) {
      sessions_.push_back(std::make_unique<nn::Session>(
          model,
          nn::SessionOptions{
              .capacity = options.prompt + options.generate, .rows = 64, .workers = &workers}));
      pointers_.push_back(sessions_.back().get());
      steps_.push_back(step_of(next_[i]));
    }
  }

  /// Feeds each its prompt. Seconds.
  double read_prompts() {
    double seconds = 0.0;
    for (std::uint32_t i = 0; i < options_.batch; ++i) {
      const auto tokens = random_tokens(options_.prompt, options_.vocab, 100 + i);
      const std::vector<nn::Step> steps = steps_of(tokens);
      sessions_[i]->reset();
      const auto start = Clock::now();
      sessions_[i]->feed(steps);
      seconds += seconds_since(start);
      next_[i] = tokens.back();
    }
    return seconds;
  }

  /// Feeds each its next token and takes the likeliest one after it. Seconds.
  double step() {
    const auto start = Clock::now();
    if (options_.batch == 1) {
      nn::Session& session = *sessions_.front();
      session.feed(steps_);
      session.begin();
      next_.front() = likeliest(session.logits(0));
    } else {
      batch_.step(pointers_, steps_);
      const std::span<const float> logits = batch_.logits(pointers_, 0);
      for (std::uint32_t i = 0; i < options_.batch; ++i) {
        next_[i] = likeliest(logits.subspan(std::size_t{i} * options_.vocab, options_.vocab));
      }
    }
    return seconds_since(start);
  }

  /// A step that is taken back: brings what steps read near again, after other work.
  void warm_up() {
    const std::vector<std::uint16_t> next = next_;
    step();
    std::copy(next.begin(), next.end(), next_.begin());
    for (nn::Session* session : pointers_) session->rewind(session->size() - 1);
  }

 private:
  static std::uint16_t likeliest(std::span<const float> logits) {
    // Side by side, so that the compiler can use vectors: a twelfth of a batch's time otherwise.
    std::array<float, 16> largest;
    largest.fill(logits.front());
    std::size_t i = 0;
    for (; i + largest.size() <= logits.size(); i += largest.size()) {
      for (std::size_t j = 0; j < largest.size(); ++j) {
        largest[j] = std::max(largest[j], logits[i + j]);
      }
    }
    for (; i < logits.size(); ++i) largest[0] = std::max(largest[0], logits[i]);
    const float most = *std::max_element(largest.begin(), largest.end());
    return static_cast<std::uint16_t>(std::find(logits.begin(), logits.end(), most) -
                                      logits.begin());
  }

  const ModelsBenchOptions& options_;
  std::vector<std::unique_ptr<nn::Session>> sessions_;
  std::vector<nn::Session*> pointers_;
  nn::Batch batch_;
  std::vector<std::uint16_t> next_;
  std::vector<nn::Step> steps_;
};

/// What one step of all sequences has to read and to compute, half-way through the generation.
struct StepCost {
  double bytes;
  double operations;
};

StepCost step_cost(const Model& model, const ModelsBenchOptions& o) {
  const nn::TransformerConfig& c = model->config();
  const double positions = o.prompt + o.generate / 2.0;
  const nn::Cache cache(model->type(), 0, c.layers, c.kv_heads, c.head_dim, 64);
  const double matrices =
      static_cast<double>(c.parameters()) - static_cast<double>(c.input_rows) * c.dim;
  const double attention = 2.0 * positions * c.heads * c.head_dim * c.layers;
  return {static_cast<double>(model->step_bytes()) +
              o.batch * positions * static_cast<double>(cache.bytes_per_position()),
          2.0 * o.batch * (matrices + attention)};
}

/// The time below which `share` of the times lie.
double percentile(std::vector<double> seconds, double share) {
  std::sort(seconds.begin(), seconds.end());
  return seconds[static_cast<std::size_t>(
      std::lround(share * static_cast<double>(seconds.size() - 1)))];
}

/// Steps between two measurements of the machine's limit.
constexpr std::size_t block_steps = 16;

std::string machine_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) {
      const auto colon = line.find(':');
      if (colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
    }
  }
  return "unknown";
}

double rounded(double value) { return std::round(value * 1000.0) / 1000.0; }

}  // namespace

Result<nlohmann::ordered_json> run_models_bench(const ModelsBenchOptions& options) {
  ANTIPHON_TRY(const nn::TransformerConfig config, shape_of(options));
  ANTIPHON_TRY(const Model model, nn::Transformer::random(config, seed, {options.type, nullptr}));
  ANTIPHON_TRY(const double error, logit_error(model, config));

  nn::Workers workers(options.threads);
  Players players(model, options, workers);
  const StepCost cost = step_cost(model, options);
  const auto working_set = static_cast<std::size_t>(cost.bytes);
  nn::MachineLimit machine(model->kernels(), options.type, working_set, cost.operations, workers);

  const double prompt_seconds = players.read_prompts();
  std::vector<double> steps;
  while (steps.size() < options.generate) {
    const std::size_t count = std::min(block_steps, options.generate - steps.size());
    players.warm_up();
    for (std::size_t i = 0; i < count; ++i) steps.push_back(players.step());
    machine.measure(count);
  }

  const double generation_seconds = std::accumulate(steps.begin(), steps.end(), 0.0);
  const double sequences = options.batch;
  // Like against like: the best steps against the best readings or products, the median ones
  // against the median ones.
  const auto limit = [&](double share) {
    return std::max(percentile(machine.reading(), share), percentile(machine.products(), share));
  };
  const double best = percentile(steps, 0.0), median = percentile(steps, 0.5);
  const double reading = percentile(machine.reading(), 0.5);
  const double products = percentile(machine.products(), 0.5);
  return nlohmann::ordered_json{
      {"prompt_tokens_per_s", rounded(sequences * options.prompt / prompt_seconds)},
      {"generation_tokens_per_s", rounded(sequences * options.generate / generation_seconds)},
      {"step_ms",
       {{"best", rounded(1e3 * best)},
        {"p50", rounded(1e3 * median)},
        {"p99", rounded(1e3 * percentile(steps, 0.99))},
        {"worst", rounded(1e3 * percentile(steps, 1.0))}}},
      {"limit_ms", {{"best", rounded(1e3 * limit(0.0))}, {"p50", rounded(1e3 * limit(0.5))}}},
      {"limited_by", reading > products ? "reading" : "products"},
      {"share_of_limit", rounded(limit(0.5) / median)},
      {"share_of_limit_best", rounded(limit(0.0) / best)},
      {"memory_bandwidth_gb_s", rounded(cost.bytes / reading / 1e9)},
      {"peak_gops", rounded(cost.operations / products / 1e9)},
      {"step_bytes", working_set},
      {"step_operations", static_cast<std::uint64_t>(cost.operations)},
      {"logit_error", error},
      {"kernel", model->kernels().name},
      {"type", nn::name_of(options.type)},
      {"threads", options.threads},
      {"batch", options.batch},
      {"prompt", options.prompt},
      {"generate", options.generate},
      {"layers", options.layers},
      {"dim", options.dim},
      {"heads", options.heads},
      {"kv_heads", config.kv_heads},
      {"ff", options.ff},
      {"vocab", options.vocab},
      {"context", options.context},
      {"parameters", config.parameters()},
      {"machine", machine_name()},
      {"cores", std::thread::hardware_concurrency()},
  };
}

std::string models_bench_text(const nlohmann::ordered_json& r) {
  char text[1024];
  const auto number = [&](const char* name) { return r[name].get<double>(); };
  const auto words = [&](const char* name) { return r[name].get<std::string>(); };
  const auto time = [&](const char* of, const char* which) { return r[of][which].get<double>(); };
  std::snprintf(
      text, sizeof text,
      "%s weights, %.1f M parameters, %.0f thread(s), %.0f sequence(s), kernels %s\n"
      "prompt      %10.0f tokens/s\n"
      "generation  %10.0f tokens/s\n"
      "a step      best %.3f ms, p50 %.3f ms, p99 %.3f ms, worst %.3f ms\n"
      "its limit   best %.3f ms, p50 %.3f ms, set by %s (%.1f GB/s for %.1f MB, %.0f Gop/s)\n"
      "share       best %.0f %%, p50 %.0f %%\n"
      "machine     %s\n",
      words("type").c_str(), number("parameters") / 1e6, number("threads"), number("batch"),
      words("kernel").c_str(), number("prompt_tokens_per_s"), number("generation_tokens_per_s"),
      time("step_ms", "best"), time("step_ms", "p50"), time("step_ms", "p99"),
      time("step_ms", "worst"), time("limit_ms", "best"), time("limit_ms", "p50"),
      words("limited_by").c_str(), number("memory_bandwidth_gb_s"), number("step_bytes") / 1e6,
      number("peak_gops"), 100.0 * number("share_of_limit_best"), 100.0 * number("share_of_limit"),
      words("machine").c_str());
  return text;
}

}  // namespace antiphon
