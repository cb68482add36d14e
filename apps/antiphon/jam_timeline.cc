// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_timeline.h"

#include <cmath>

#include "antiphon/jam_report.h"

namespace antiphon::app {

using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

Json timeline_of(const edge::Jam& jam) {
  const auto ms = [](nanoseconds time) { return Milliseconds(time).count(); };
  const auto step_ms = [&](std::int32_t step) {
    return ms(jam.timeline.time_of({step * tokens::ticks_per_step}));
  };
  Json frames = Json::array(), notes = Json::array(), heard = Json::array();
  for (std::int32_t i = 0; const edge::FrameRecord& frame : jam.frames) {
    frames.push_back({{"at_ms", step_ms(i++ * edge::steps_per_frame)},
                      {"tier", name_of(frame.tier)},
                      {"age", frame.age},
                      {"heard", frame.heard},
                      {"sounding", frame.sounding},
                      {"asked_ms", ms(frame.asked)},
                      {"fixed_ms", ms(frame.fixed)}});
  }
  for (const edge::NoteRecord& note : jam.notes) {
    notes.push_back({{"part", note.slot},
                     {"pitch", note.pitch},
                     {"velocity", note.velocity},
                     {"onset_ms", step_ms(note.onset)},
                     {"end_ms", step_ms(note.end)},
                     {"frame", note.frame},
                     {"heard", note.heard}});
  }
  for (const edge::Played& played : jam.heard) {
    heard.push_back({{"part", played.slot},
                     {"pitch", played.pitch},
                     {"velocity", played.velocity},
                     {"at_ms", ms(played.at)}});
  }
  return {{"frames", frames}, {"antiphon", notes}, {"player", heard}};
}

Result<edge::Jam> parse_timeline(std::string_view text, music::Tempo tempo) try {
  const Json json = Json::parse(text);
  edge::Jam jam{live::Timeline({}, tempo), {}, {}, {}, {}, false, false};
  const auto time_of = [](const Json& ms) {
    return std::chrono::round<nanoseconds>(Milliseconds(ms.get<double>()));
  };
  const auto step_of = [&](const Json& ms) {
    return static_cast<std::int32_t>(
        std::lround(jam.timeline.ticks_at(time_of(ms)) / tokens::ticks_per_step));
  };
  for (const Json& one : json.at("frames")) {
    edge::FrameRecord frame{.tier = edge::Tier::cloud};
    while (name_of(frame.tier) != one.at("tier").get<std::string>()) {
      if (frame.tier == edge::Tier::none) return Error{Errc::invalid_input, "an unknown tier"};
      frame.tier = static_cast<edge::Tier>(static_cast<int>(frame.tier) + 1);
    }
    frame.sounding = one.at("sounding");
    frame.age = one.at("age");
    frame.heard = one.at("heard");
    frame.asked = time_of(one.at("asked_ms"));
    frame.fixed = time_of(one.at("fixed_ms"));
    jam.frames.push_back(frame);
  }
  for (const Json& one : json.at("antiphon")) {
    jam.notes.push_back({one.at("part"), one.at("pitch"), one.at("velocity"),
                         step_of(one.at("onset_ms")), step_of(one.at("end_ms")), one.at("frame"),
                         one.at("heard")});
  }
  for (const Json& one : json.at("player")) {
    jam.heard.push_back(
        {time_of(one.at("at_ms")), one.at("part"), one.at("pitch"), one.at("velocity")});
  }
  return jam;
} catch (const Json::exception& error) {
  return Error{Errc::invalid_input, std::string("not a jam's timeline: ") + error.what()};
}

}  // namespace antiphon::app
