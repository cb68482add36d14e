// SPDX-License-Identifier: Apache-2.0
#include "wire/messages.h"

#include <algorithm>
#include <bitset>

#include "antiphon.pb.h"
#include "crypto/hash.h"
#include "music/difficulty.h"
#include "tokens/vocabulary.h"

namespace antiphon::wire {
namespace {

using generate::TimedEvent;
using tokens::EventType;

constexpr int most_changes = 4096;  // Of meter or key.
constexpr float largest_scale = 10000;
constexpr int longest_reach = 768;  // Steps of an answer,
constexpr int farthest = 3072;      // and of what is foretold.
constexpr int most_chords = 1024;

const std::string& vocabulary() {
  static const std::string hash = crypto::sha256_hex(as_bytes(tokens::vocabulary_json()));
  return hash;
}

Error wrong(const std::string& what) { return {Errc::invalid_input, "message: " + what}; }

Error out_of(const char* what, std::int64_t least, std::int64_t most, std::int64_t got) {
  return wrong(std::string(what) + " must be " + std::to_string(least) + " to " +
               std::to_string(most) + ", got " + std::to_string(got));
}

Status in_range(const char* what, std::int64_t least, std::int64_t most, std::int64_t got) {
  if (got < least || got > most) return out_of(what, least, most, got);
  return Done{};
}

void put(const TimedEvent& from, v1::Event& to) {
  to.set_type(static_cast<std::uint32_t>(from.event.type));
  to.set_at(from.at);
  to.set_slot(from.event.slot);
  to.set_pitch(from.event.pitch);
  to.set_duration(from.event.duration);
  to.set_velocity(from.event.velocity);
}

Result<TimedEvent> take(const v1::Event& from) {
  ANTIPHON_CHECK(in_range("type", 0, static_cast<int>(EventType::release), from.type()));
  ANTIPHON_CHECK(in_range("at", 0, longest_jam, from.at()));
  ANTIPHON_CHECK(in_range("slot", 0, tokens::max_slots - 1, from.slot()));
  ANTIPHON_CHECK(in_range("pitch", 0, 127, from.pitch()));
  const auto type = static_cast<EventType>(from.type());
  const bool lasts = type == EventType::note || type == EventType::tie;
  ANTIPHON_CHECK(
      in_range("duration", lasts ? 1 : 0, lasts ? tokens::max_duration : 0, from.duration()));
  ANTIPHON_CHECK(in_range("velocity", 0, 16, from.velocity()));
  TimedEvent event;
  event.at = from.at();
  event.event.type = type;
  event.event.slot = static_cast<std::uint8_t>(from.slot());
  event.event.pitch = static_cast<std::uint8_t>(from.pitch());
  event.event.duration = static_cast<std::uint8_t>(from.duration());
  event.event.velocity = static_cast<std::uint8_t>(from.velocity());
  return event;
}

template <class Repeated>
Result<std::vector<TimedEvent>> take_all(const Repeated& from) {
  std::vector<TimedEvent> events;
  for (const v1::Event& one : from) {
    ANTIPHON_TRY(events.emplace_back(), take(one));
  }
  return events;
}

using Choices = std::vector<generate::DrawnChoice>;
constexpr std::uint8_t likeliest = 255;  // Its weight.

std::string packed(const Choices& choices) {
  std::string bytes;
  const auto put_byte = [&](int value) { bytes.push_back(static_cast<char>(value)); };
  for (const generate::DrawnChoice& choice : choices) {
    const auto among = choice.among();
    const auto drawn = std::find_if(among.begin(), among.end(),
                                    [&](const auto& share) { return share.index == choice.index; });
    put_byte(choice.size - 1 + 16 * static_cast<int>(drawn - among.begin()));
    for (const auto& share : among) put_byte(share.index);
    for (const auto& share : among.subspan(1)) put_byte(share.weight);
  }
  return bytes;
}

Result<Choices> unpacked(std::string_view bytes) {
  Choices choices;
  while (!bytes.empty()) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    generate::DrawnChoice choice;
    const std::size_t size = byte(0) % 16 + std::size_t{1}, drawn = byte(0) / 16;
    if (bytes.size() < 2 * size || drawn >= size) return wrong("a draft that is cut short");
    std::bitset<128> seen;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint8_t index = byte(1 + i), weight = i == 0 ? likeliest : byte(size + i);
      if (index >= seen.size() || seen.test(index) || weight == 0)
        return wrong("a draft with a choice that is none");
      seen.set(index);
      choice.shares[i] = {index, weight};
    }
    choice.size = static_cast<std::uint8_t>(size);
    choice.index = choice.shares[drawn].index;
    choices.push_back(choice);
    bytes.remove_prefix(2 * size);
  }
  return choices;
}

void put(const tokens::Header& from, v1::Header& to) {
  to.set_style(static_cast<std::uint32_t>(from.style));
  to.set_bpm(from.bpm.value_or(0));
  for (const auto& change : from.meters) {
    v1::Meter& meter = *to.add_meters();
    meter.set_at(change.at);
    meter.set_numerator(static_cast<std::uint32_t>(change.value.numerator()));
    meter.set_denominator(static_cast<std::uint32_t>(change.value.denominator()));
  }
  for (const auto& change : from.keys) {
    v1::Key& key = *to.add_keys();
    key.set_at(change.at);
    key.set_fifths(change.value.fifths);
    key.set_minor(change.value.mode == music::Mode::minor);
  }
  for (const tokens::Slot& part : from.slots) {
    v1::Slot& slot = *to.add_slots();
    slot.set_role(static_cast<std::uint32_t>(part.role));
    slot.set_instrument(static_cast<std::uint32_t>(part.instrument));
    slot.set_density(static_cast<std::uint32_t>(part.density));
    slot.set_polyphony(static_cast<std::uint32_t>(part.polyphony));
    slot.set_keeps_density(part.keeps_density);
    slot.set_keeps_polyphony(part.keeps_polyphony);
    slot.set_difficulty(static_cast<std::uint32_t>(part.difficulty));
  }
}

// Changes come in the order of time, the first at or before the start.
Status check_time(const char* what, std::int32_t before, std::int32_t at) {
  return in_range(what, before, longest_jam, at);
}

Result<tokens::Header> take(const v1::Header& from) {
  tokens::Header to;
  ANTIPHON_CHECK(in_range("style", 0, static_cast<std::int64_t>(tokens::style_names.size()) - 1,
                          from.style()));
  to.style = static_cast<tokens::Style>(from.style());
  if (from.bpm() != 0) {
    // Written so that NaN fails too.
    if (!(from.bpm() >= 1 && from.bpm() <= 1000)) return wrong("bpm must be 1 to 1000, or 0");
    to.bpm = from.bpm();
  }
  ANTIPHON_CHECK(in_range("number of meters", 0, most_changes, from.meters_size()));
  std::int32_t before = 0;
  for (const v1::Meter& meter : from.meters()) {
    ANTIPHON_CHECK(check_time("a meter's time", before, meter.at()));
    ANTIPHON_CHECK(in_range("a meter's numerator", 1, 255, meter.numerator()));
    ANTIPHON_CHECK(in_range("a meter's denominator", 1, 64, meter.denominator()));
    const auto value = music::Meter::of(static_cast<int>(meter.numerator()),
                                        static_cast<int>(meter.denominator()));
    if (!value) return wrong(value.error().message);
    to.meters.push_back({before = meter.at(), *value});
  }
  ANTIPHON_CHECK(in_range("number of keys", 0, most_changes, from.keys_size()));
  before = 0;
  for (const v1::Key& key : from.keys()) {
    ANTIPHON_CHECK(check_time("a key's time", before, key.at()));
    ANTIPHON_CHECK(in_range("a key's fifths", -7, 7, key.fifths()));
    to.keys.push_back(
        {before = key.at(), {key.fifths(), key.minor() ? music::Mode::minor : music::Mode::major}});
  }
  ANTIPHON_CHECK(in_range("number of slots", 1, tokens::max_slots, from.slots_size()));
  for (const v1::Slot& slot : from.slots()) {
    ANTIPHON_CHECK(in_range("role", 0, 1, slot.role()));
    ANTIPHON_CHECK(in_range("instrument", 0, tokens::instrument_unknown, slot.instrument()));
    ANTIPHON_CHECK(in_range("density", 0, tokens::input::density.size - 1, slot.density()));
    ANTIPHON_CHECK(in_range("polyphony", 0, tokens::input::polyphony.size - 1, slot.polyphony()));
    ANTIPHON_CHECK(in_range("difficulty", 0, music::limited_levels, slot.difficulty()));
    to.slots.push_back({static_cast<tokens::Role>(slot.role()), static_cast<int>(slot.instrument()),
                        static_cast<int>(slot.density()), static_cast<int>(slot.polyphony()),
                        slot.keeps_density(), slot.keeps_polyphony(),
                        static_cast<int>(slot.difficulty())});
  }
  return to;
}

Status check_protocol(std::uint32_t version) {
  if (version == protocol) return Done{};
  return wrong("protocol " + std::to_string(version) + ", this program speaks " +
               std::to_string(protocol));
}

Result<Join> take(const v1::Join& from) {
  ANTIPHON_CHECK(check_protocol(from.protocol()));
  if (from.vocabulary() != vocabulary()) return wrong("another vocabulary than this program's");
  Join join;
  join.token = from.token();
  ANTIPHON_TRY(join.header, take(from.header()));
  join.sampling = {from.temperature(), from.top_p(), from.seed()};
  ANTIPHON_CHECK(generate::check(join.sampling));
  ANTIPHON_CHECK(in_range("reach", generate::steps_per_frame, longest_reach, from.reach()));
  ANTIPHON_CHECK(in_range("start", 0, longest_jam, from.start()));
  join.reach = static_cast<std::int32_t>(from.reach());
  join.start = static_cast<std::int32_t>(from.start());
  return join;
}

Result<Tell> take(const v1::Tell& from) {
  Tell tell;
  ANTIPHON_TRY(tell.events, take_all(from.events()));
  if (!from.asks()) return tell;
  ANTIPHON_CHECK(in_range("from", 0, longest_jam, from.from()));
  ANTIPHON_CHECK(in_range("reach", 0, longest_reach, from.reach()));
  tell.ask =
      Ask{from.from(), from.request(), from.within_us(), static_cast<std::int32_t>(from.reach())};
  ANTIPHON_TRY(tell.ask->drafted, unpacked(from.drafted()));
  ANTIPHON_CHECK(in_range("foretold", 0, farthest, from.foretold()));
  tell.ask->foretold = static_cast<std::int32_t>(from.foretold());
  return tell;
}

Result<Harmony> take(const v1::Harmony& from) {
  ANTIPHON_CHECK(in_range("number of chords", 1, most_chords, from.chords_size()));
  Harmony harmony{from.request(), {}};
  std::int32_t before = 0;
  for (const v1::Chord& chord : from.chords()) {
    ANTIPHON_CHECK(check_time("a chord's time", before, chord.at()));
    ANTIPHON_CHECK(in_range("a chord's pitch classes", 0, 4095, chord.classes()));
    harmony.chords.push_back({before = chord.at(), music::PitchClassSet(chord.classes())});
  }
  return harmony;
}

void put(const nn::Activations& from, v1::Rows& to) {
  to.mutable_scales()->Assign(from.scales.begin(), from.scales.end());
  to.set_values(from.values.data(), from.values.size());
}

Result<nn::Activations> take(const v1::Rows& from) {
  nn::Activations to;
  const auto rows = static_cast<std::size_t>(from.scales_size());
  const std::string& values = from.values();
  if (rows == 0 || values.empty() || values.size() % rows != 0) {
    return wrong(std::to_string(values.size()) + " numbers are no " + std::to_string(rows) +
                 " rows of activations");
  }
  to.dim = values.size() / rows;
  for (const float scale : from.scales()) {
    // Written so that NaN fails too.
    if (!(scale >= 0 && scale <= largest_scale)) {
      return wrong("a scale of activations must be 0 to " +
                   std::to_string(static_cast<int>(largest_scale)));
    }
  }
  to.scales.assign(from.scales().begin(), from.scales().end());
  to.values.assign(values.begin(), values.end());
  return to;
}

Result<JoinLayers> take(const v1::JoinLayers& from) {
  ANTIPHON_CHECK(check_protocol(from.protocol()));
  if (from.weights().size() != 64) return wrong("no model's hash");
  if (from.first() >= from.last()) return wrong("no layers between the cuts");
  return JoinLayers{from.token(), from.weights(), {from.first(), from.last()}};
}

Result<Steps> take(const v1::Steps& from) {
  Steps steps;
  ANTIPHON_TRY(steps.steps.rows, take(from.rows()));
  const auto rows = static_cast<std::int64_t>(steps.steps.rows.rows());
  ANTIPHON_CHECK(in_range("number of times", rows, rows, from.times_size()));
  for (const std::int32_t time : from.times())
    ANTIPHON_CHECK(in_range("a step's time", 0, longest_jam, time));
  ANTIPHON_CHECK(in_range("steps wanted", 0, rows, from.wanted()));
  steps.steps.serial = from.serial();
  steps.steps.at = from.at();
  steps.steps.times.assign(from.times().begin(), from.times().end());
  steps.steps.wanted = from.wanted();
  steps.steps.recalled = {from.recalled_from(), from.recalled()};
  steps.within_us = from.within_us();
  return steps;
}

Result<Added> take(const v1::Added& from) {
  Added added;
  added.serial = from.serial();
  ANTIPHON_TRY(added.rows, take(from.rows()));
  return added;
}

// One for each kind of message.
struct Put {
  v1::Up* up = nullptr;
  v1::Down* down = nullptr;

  void operator()(const Join& from) const {
    v1::Join& to = *up->mutable_join();
    to.set_protocol(protocol);
    to.set_vocabulary(vocabulary());
    to.set_token(from.token);
    put(from.header, *to.mutable_header());
    to.set_temperature(from.sampling.temperature);
    to.set_top_p(from.sampling.top_p);
    to.set_seed(from.sampling.seed);
    to.set_reach(static_cast<std::uint32_t>(from.reach));
    to.set_start(static_cast<std::uint32_t>(from.start));
  }
  void operator()(const Tell& from) const {
    v1::Tell& to = *up->mutable_tell();
    for (const TimedEvent& event : from.events) put(event, *to.add_events());
    if (!from.ask) return;
    to.set_asks(true);
    to.set_from(from.ask->from);
    to.set_request(from.ask->request);
    to.set_within_us(from.ask->within_us);
    to.set_reach(static_cast<std::uint32_t>(from.ask->reach));
    to.set_drafted(packed(from.ask->drafted));
    to.set_foretold(static_cast<std::uint32_t>(from.ask->foretold));
  }
  void operator()(const Ping& from) const {
    (up != nullptr ? up->mutable_ping() : down->mutable_pong())->set_stamp(from.stamp);
  }
  void operator()(const JoinLayers& from) const {
    v1::JoinLayers& to = *up->mutable_join_layers();
    to.set_protocol(protocol);
    to.set_token(from.token);
    to.set_weights(from.weights);
    to.set_first(static_cast<std::uint32_t>(from.cut.first));
    to.set_last(static_cast<std::uint32_t>(from.cut.last));
  }
  void operator()(const Steps& from) const {
    v1::Steps& to = *up->mutable_steps();
    to.set_serial(from.steps.serial);
    to.set_at(static_cast<std::uint32_t>(from.steps.at));
    to.mutable_times()->Assign(from.steps.times.begin(), from.steps.times.end());
    put(from.steps.rows, *to.mutable_rows());
    to.set_wanted(static_cast<std::uint32_t>(from.steps.wanted));
    to.set_within_us(from.within_us);
    to.set_recalled_from(static_cast<std::uint32_t>(from.steps.recalled.from));
    to.set_recalled(static_cast<std::uint32_t>(from.steps.recalled.count));
  }
  void operator()(const Added& from) const {
    down->mutable_added()->set_serial(from.serial);
    put(from.rows, *down->mutable_added()->mutable_rows());
  }
  void operator()(const Joined& from) const {
    down->mutable_joined()->set_model(from.model);
    down->mutable_joined()->set_weights(from.weights);
  }
  void operator()(const Draft& from) const {
    v1::Draft& to = *down->mutable_draft();
    to.set_request(from.request);
    for (const TimedEvent& event : from.events) put(event, *to.add_events());
    to.set_until(from.until);
    to.set_heard(from.heard);
    to.set_agreed(from.agreed);
  }
  void operator()(const Harmony& from) const {
    v1::Harmony& to = *down->mutable_harmony();
    to.set_request(from.request);
    for (const generate::ChartChord& one : from.chords) {
      v1::Chord& chord = *to.add_chords();
      chord.set_at(one.at);
      chord.set_classes(static_cast<std::uint32_t>(one.classes.to_ulong()));
    }
  }
  void operator()(const Late& from) const { down->mutable_late()->set_request(from.request); }
  void operator()(const Refused& from) const { down->mutable_refused()->set_reason(from.reason); }
};

// A parsed message as one of the variant's.
template <class Message, class Parsed>
Result<Message> as(Result<Parsed> parsed) {
  if (!parsed) return parsed.error();
  return Message(*std::move(parsed));
}

template <class Message>
bool read(std::string_view bytes, Message& message) {
  return bytes.size() <= largest_message &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Down answer_of(std::span<const generate::Drafted> drafted) {
  using Kind = generate::Drafted::Kind;
  Draft draft;
  Harmony harmony;
  for (const generate::Drafted& one : drafted) {
    draft.request = harmony.request = one.request;
    if (one.kind == Kind::event) draft.events.push_back(one.event);
    if (one.kind == Kind::chord) harmony.chords.push_back(one.chord);
    if (one.kind != Kind::covered) continue;
    draft.until = one.until;
    draft.heard = one.heard;
    if (one.adopted) draft.agreed = one.until;
  }
  if (!harmony.chords.empty()) return harmony;
  return draft;
}

std::vector<generate::Drafted> drafted_of(const Draft& draft) {
  using Kind = generate::Drafted::Kind;
  std::vector<generate::Drafted> drafted;
  const auto add = [&](Kind kind, const TimedEvent& event, std::int32_t until, bool agreed) {
    drafted.push_back({kind, draft.request, event, until, draft.heard, agreed, {}, {}});
  };
  if (draft.agreed > 0) add(Kind::covered, {}, draft.agreed, true);
  for (const TimedEvent& event : draft.events) add(Kind::event, event, 0, false);
  if (draft.until > draft.agreed) add(Kind::covered, {}, draft.until, false);
  return drafted;
}

std::vector<generate::Drafted> drafted_of(const Harmony& harmony) {
  std::vector<generate::Drafted> drafted;
  for (const generate::ChartChord& chord : harmony.chords)
    drafted.push_back(
        {generate::Drafted::Kind::chord, harmony.request, {}, 0, 0, false, {}, chord});
  return drafted;
}

std::string encode(const Up& message) {
  v1::Up up;
  std::visit([&](const auto& one) { Put{&up, nullptr}(one); }, message);
  return up.SerializeAsString();
}

std::string encode(const Down& message) {
  v1::Down down;
  std::visit([&](const auto& one) { Put{nullptr, &down}(one); }, message);
  return down.SerializeAsString();
}

Result<Up> parse_up(std::string_view bytes) {
  v1::Up up;
  if (!read(bytes, up)) return wrong("not one of this protocol, or too long");
  switch (up.what_case()) {
    case v1::Up::kJoin:
      return as<Up>(take(up.join()));
    case v1::Up::kTell:
      return as<Up>(take(up.tell()));
    case v1::Up::kPing:
      return Up(Ping{up.ping().stamp()});
    case v1::Up::kJoinLayers:
      return as<Up>(take(up.join_layers()));
    case v1::Up::kSteps:
      return as<Up>(take(up.steps()));
    case v1::Up::WHAT_NOT_SET:
      break;
  }
  return wrong("of no kind that is known");
}

Result<Down> parse_down(std::string_view bytes) {
  v1::Down down;
  if (!read(bytes, down)) return wrong("not one of this protocol, or too long");
  switch (down.what_case()) {
    case v1::Down::kJoined:
      if (down.joined().model().empty() || down.joined().weights().size() != 64)
        return wrong("a node without a model");
      return Down(Joined{down.joined().model(), down.joined().weights()});
    case v1::Down::kDraft: {
      Draft draft;
      draft.request = down.draft().request();
      ANTIPHON_TRY(draft.events, take_all(down.draft().events()));
      ANTIPHON_CHECK(in_range("until", 0, longest_jam, down.draft().until()));
      ANTIPHON_CHECK(in_range("agreed", 0, down.draft().until(), down.draft().agreed()));
      draft.agreed = down.draft().agreed();
      draft.until = down.draft().until();
      draft.heard = down.draft().heard();
      return Down(std::move(draft));
    }
    case v1::Down::kLate:
      return Down(Late{down.late().request()});
    case v1::Down::kRefused:
      return Down(Refused{down.refused().reason()});
    case v1::Down::kPong:
      return Down(Ping{down.pong().stamp()});
    case v1::Down::kAdded:
      return as<Down>(take(down.added()));
    case v1::Down::kHarmony:
      return as<Down>(take(down.harmony()));
    case v1::Down::WHAT_NOT_SET:
      break;
  }
  return wrong("of no kind that is known");
}

}  // namespace antiphon::wire
