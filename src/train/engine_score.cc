// SPDX-License-Identifier: Apache-2.0
#include "train/engine_score.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/file.h"
#include "train/tensors_file.h"

namespace antiphon::train {
namespace {

template <class T>
std::span<const T> bag(const std::vector<T>& rows, const std::vector<std::int32_t>& offsets,
                       std::size_t i) {
  return std::span(rows).subspan(static_cast<std::size_t>(offsets[i]),
                                 static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
}

double nats_of(std::span<const float> logits, std::size_t target) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  return std::log(sum) + most - static_cast<double>(logits[target]);
}

// One excerpt as the engine eats it.
struct Sheet {
  Batch batch;
  std::vector<std::uint16_t> input;
  std::array<std::vector<std::uint16_t>, max_fields - 1> conditions;
  std::vector<nn::Step> steps;

  Sheet(const Excerpt& excerpt, const EngineModel& model) {
    batch.sequences = 1;
    batch.length = nn::config_of(model.net).context;
    append(excerpt, batch, model.layout);
    input.assign(batch.input.rows.begin(), batch.input.rows.end());
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      conditions[i].assign(batch.conditions[i].rows.begin(), batch.conditions[i].rows.end());
    }
    for (std::size_t i = 0; i < batch.input.size(); ++i) {
      steps.push_back({bag(input, batch.input.offsets, i), batch.time[i]});
    }
  }

  // Asks for the fields of event `event`, from the step that `session` is told to begin with.
  template <class Session, class Each>
  void fields(Session& session, std::size_t event, const Each& each) const {
    for (std::size_t field = 0; field < max_fields; ++field) {
      const std::int32_t target = batch.targets[field][event];
      if (target >= 0) each(field, session.logits(field), static_cast<std::size_t>(target));
      if (field + 1 == max_fields) continue;
      const auto rows = bag(conditions[field], batch.conditions[field].offsets, event);
      if (!rows.empty()) session.condition(rows);
    }
  }

  // Calls each(event, field, nats).
  template <class Session, class Each>
  void score(Session& session, const Each& each) const {
    const std::size_t dim = session.model().config().dim;
    std::vector<float> z(steps.size() * dim);
    session.reset();
    session.score(steps, z);
    for (std::size_t event = 0; event < batch.events(); ++event) {
      const auto from = static_cast<std::size_t>(batch.predicted_from[event]);
      session.begin(std::span(z).subspan(from * dim, dim));
      fields(session, event,
             [&](std::size_t field, std::span<const float> logits, std::size_t target) {
               each(event, field, nats_of(logits, target));
             });
    }
  }
};

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Status check_fields(const Shape& config, const std::filesystem::path& path) {
  const Layout layout = layout_of(config);
  const Shape expected = with_vocabulary(Shape{}, 0, layout);
  if (config.vocabulary == expected.vocabulary && config.input_rows == expected.input_rows &&
      config.condition_rows == expected.condition_rows &&
      config.fields.size() == expected.fields.size()) {
    return Done{};
  }
  return Error{Errc::invalid_input, path.string() + ": made with another vocabulary"};
}

Result<EngineModel> load(const std::filesystem::path& path, std::string_view config_text,
                         const nn::SafeTensors& file, nn::LoadOptions options) {
  ANTIPHON_TRY(const Shape shape, Shape::parse(config_text));
  ANTIPHON_CHECK(check_fields(shape, path));
  ANTIPHON_TRY(auto net, nn::load_event_net(config_text, file, options));
  return EngineModel{std::move(net), layout_of(shape)};
}

// What `use` makes of a session of the model.
template <class Use>
auto in_session(const EngineModel& model, const Use& use) {
  return std::visit(
      [&](const auto& net) {
        auto session = nn::session_of(net);
        return use(session);
      },
      model.net);
}

}  // namespace

Result<EngineModel> load_exported(const std::filesystem::path& folder) {
  ANTIPHON_TRY(const Bytes config, read_file(folder / "config.json"));
  ANTIPHON_TRY(const nn::SafeTensors file, read_tensors(folder / "weights.safetensors"));
  return load(folder, as_text(config), file, {});
}

Result<EngineModel> load_for_engine(const std::filesystem::path& checkpoint, nn::Type type) {
  ANTIPHON_TRY(const nn::SafeTensors file, read_tensors(checkpoint));
  ANTIPHON_TRY(const std::string config, metadata(file, checkpoint, "config"));
  return load(checkpoint, config, file, {type});
}

Score score(const EngineModel& model, const std::vector<Excerpt>& excerpts) {
  return in_session(model, [&](auto& session) {
    Score total{std::vector<double>(max_fields), 0, 0};
    for (const Excerpt& excerpt : excerpts) {
      const Sheet sheet(excerpt, model);
      sheet.score(session,
                  [&](std::size_t, std::size_t field, double cost) { total.nats[field] += cost; });
      total.events += static_cast<std::int64_t>(sheet.batch.events());
      total.notes += sheet.batch.notes;
    }
    return total;
  });
}

PlayingCost playing_cost(const EngineModel& model, const std::vector<Excerpt>& excerpts) {
  return in_session(model, [&](auto& session) -> PlayingCost {
    double seconds = 0, steps = 0, notes = 0;
    for (const Excerpt& excerpt : excerpts) {
      const Sheet sheet(excerpt, model);
      if (sheet.batch.events() == 0) continue;
      const auto first = static_cast<std::size_t>(sheet.batch.predicted_from[0]);
      session.reset();
      session.feed(std::span(sheet.steps).first(first + 1));
      const double begin = thread_seconds();
      for (std::size_t event = 0; event < sheet.batch.events(); ++event) {
        if (event > 0) {
          session.feed(sheet.steps[static_cast<std::size_t>(sheet.batch.predicted_from[event])]);
        }
        session.begin();
        sheet.fields(session, event, [](std::size_t, std::span<const float>, std::size_t) {});
      }
      seconds += thread_seconds() - begin;
      steps += static_cast<double>(sheet.batch.events());
      notes += static_cast<double>(sheet.batch.notes);
    }
    if (notes == 0) return {};
    return {steps / notes, seconds / notes * 1e6};
  });
}

}  // namespace antiphon::train
