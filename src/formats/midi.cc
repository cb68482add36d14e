// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "formats/format.h"
#include "formats/midi_words.h"
#include "formats/text.h"

// Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1996).
namespace antiphon::formats {
namespace {

using music::Part;
using music::Ticks;

constexpr int drum_channel = 9;
constexpr std::size_t longest_name = 256;  // Bytes; every part of a track carries it.

/// A name as UTF-8 of at most `longest_name` bytes, cut between characters.
std::string name_of(std::string_view text) {
  const auto cut = [](std::string_view whole) {
    if (whole.size() <= longest_name) return whole;
    std::size_t size = longest_name;
    while (size > 0 && (static_cast<unsigned char>(whole[size]) & 0xc0) == 0x80) --size;
    return whole.substr(0, size);
  };
  if (is_utf8(cut(text))) return std::string(cut(text));
  return std::string(cut(from_latin1(text.substr(0, longest_name))));
}

class MidiReader {
 public:
  MidiReader(ByteView bytes, std::string_view name) : in_(bytes), name_(name) {}

  Result<Reading> read();

 private:
  Error fail(std::size_t at, const std::string& what) const {
    return {Errc::invalid_input, name_ + ": byte " + std::to_string(at) + ": " + what};
  }
  Error cut_short(std::size_t at) const {
    return fail(at, "track " + std::to_string(track_ + 1) + " ends inside an event");
  }
  Status read_header();
  Status unwrap();
  Status read_track(ByteView track, std::size_t offset);
  /// A length or time: seven bits a byte, all but the last with the eighth set.
  Result<std::uint32_t> read_number(ByteReader& in, std::size_t offset);
  void end_track(Ticks end);
  void meta_event(int type, ByteView data, Ticks at);
  void channel_event(int status, std::uint8_t first, std::uint8_t second, Ticks at);
  void note_on(int channel, std::uint8_t pitch, std::uint8_t velocity, Ticks at);
  void note_off(int channel, std::uint8_t pitch, Ticks at);
  std::size_t part_of(int channel);
  Ticks scaled(std::uint64_t midi_ticks) const {
    return {
        static_cast<std::int64_t>((midi_ticks * Ticks::per_quarter + division_ / 2) / division_)};
  }

  ByteReader in_;
  std::string name_;
  std::uint64_t division_ = 480;
  int tracks_ = 0;
  int track_ = 0;
  Reading reading_;
  std::set<std::string> dropped_;
  std::vector<music::Lyric> loose_lyrics_;  // Of tracks without notes.

  // Of the track that is being read.
  std::string track_name_;
  std::size_t first_part_ = 0;
  std::array<std::uint8_t, 16> programs_{};
  MidiWords words_;
  // Notes that sound: where they stand, by channel and pitch; the first to begin ends first.
  std::map<std::pair<int, int>, std::deque<std::pair<std::size_t, std::size_t>>> sounding_;
};

// Goes to the MIDI file inside a RIFF file (.rmi), if that is what it is.
Status MidiReader::unwrap() {
  ByteReader riff = in_;
  const auto magic = riff.take(4);
  if (!magic || as_text(*magic) != "RIFF") return Done{};
  (void)riff.take(4);
  const auto kind = riff.take(4);
  if (!kind || as_text(*kind) != "RMID") return fail(8, "a RIFF file that holds no MIDI");
  for (;;) {
    const std::size_t at = riff.offset();
    const auto id = riff.take(4);
    const auto size = riff.take(4);
    if (!id || !size) return fail(at, "the RIFF file ends before its MIDI data");
    if (as_text(*id) == "data") break;
    const ByteView bytes = *size;
    const std::size_t length = bytes[0] | static_cast<std::size_t>(bytes[1]) << 8 |
                               static_cast<std::size_t>(bytes[2]) << 16 |
                               static_cast<std::size_t>(bytes[3]) << 24;
    if (!riff.take(length + length % 2)) return fail(at, "the RIFF file ends inside a chunk");
  }
  in_ = riff;
  return Done{};
}

Status MidiReader::read_header() {
  ANTIPHON_CHECK(unwrap());
  const std::size_t start = in_.offset();
  const auto magic = in_.take(4);
  if (!magic || as_text(*magic) != "MThd") {
    return fail(start + 0, "not a Standard MIDI File, which begins with 'MThd'");
  }
  const auto length = in_.u32();
  if (!length || *length < 6 || *length > in_.remaining())
    return fail(start + 4, "the header is cut short");
  const int format = *in_.u16();
  tracks_ = *in_.u16();
  const int division = *in_.u16();
  if (format > 1) {
    return fail(start + 8, "format " + std::to_string(format) +
                               "; formats 0 and 1 are read, in which all "
                               "tracks play together");
  }
  if ((division & 0x8000) != 0) {
    return fail(
        start + 12,
        "its time is film frames (SMPTE), not note values; expected ticks per quarter note");
  }
  if (division == 0) return fail(start + 12, "0 ticks per quarter note; expected 1 to 32767");
  division_ = static_cast<std::uint64_t>(division);
  (void)in_.take(*length - 6);
  return Done{};
}

Result<Reading> MidiReader::read() {
  ANTIPHON_CHECK(read_header());
  while (track_ < tracks_) {
    const std::size_t at = in_.offset();
    const auto type = in_.take(4);
    const auto size = in_.u32();
    if (!type || !size) {
      return fail(at, "the file ends after " + std::to_string(track_) + " of " +
                          std::to_string(tracks_) + " tracks");
    }
    if (*size > in_.remaining()) {
      return fail(at, "track " + std::to_string(track_ + 1) + " should have " +
                          std::to_string(*size) + " bytes, the file has only " +
                          std::to_string(in_.remaining()) + " more");
    }
    const std::size_t offset = in_.offset();
    const ByteView body = *in_.take(*size);
    if (as_text(*type) != "MTrk")
      continue;  // The standard asks to pass over chunks of other kinds.
    ANTIPHON_CHECK(read_track(body, offset));
    ++track_;
  }
  if (in_.remaining() >= 8 && as_text(*in_.take(4)) == "MTrk") {
    dropped_.insert("tracks past the number that the header gives");
  }
  music::Score& score = reading_.score;
  music::sort(score);
  if (!loose_lyrics_.empty() && !give_lyrics(std::move(loose_lyrics_), score.parts)) {
    dropped_.insert("words of a file without notes");
  }
  for (Part& part : score.parts) music::separate_unisons(part);
  reading_.dropped.assign(dropped_.begin(), dropped_.end());
  return std::move(reading_);
}

Result<std::uint32_t> MidiReader::read_number(ByteReader& in, std::size_t offset) {
  const std::size_t at = offset + in.offset();
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const auto byte = in.u8();
    if (!byte) return cut_short(at);
    value = value << 7 | (*byte & 0x7fu);
    if ((*byte & 0x80) == 0) return value;
  }
  return fail(at, "a length or time of more than 4 bytes");
}

Status MidiReader::read_track(ByteView track, std::size_t offset) {
  track_name_.clear();
  first_part_ = reading_.score.parts.size();
  programs_.fill(0);
  words_ = {};
  sounding_.clear();

  ByteReader in(track);
  std::uint64_t midi_ticks = 0;
  int running = 0;
  bool ended = false;
  while (!in.at_end() && !ended) {
    ANTIPHON_TRY(const std::uint32_t delta, read_number(in, offset));
    const std::size_t at = offset + in.offset();
    midi_ticks += delta;
    if (midi_ticks > division_ * static_cast<std::uint64_t>(latest_quarter)) {
      return fail(at, "a time more than " + std::to_string(latest_quarter) +
                          " quarters after the start, which no piece lasts");
    }
    const Ticks now = scaled(midi_ticks);
    const auto lead = in.u8();
    if (!lead) return cut_short(at);
    int status = *lead;
    if (status == 0xff) {
      const auto type = in.u8();
      if (!type) return cut_short(at);
      ANTIPHON_TRY(const std::uint32_t size, read_number(in, offset));
      const auto data = in.take(size);
      if (!data) return cut_short(at);
      ended = *type == 0x2f;
      meta_event(*type, *data, now);
      continue;
    }
    if (status == 0xf0 || status == 0xf7) {
      ANTIPHON_TRY(const std::uint32_t size, read_number(in, offset));
      if (!in.take(size)) return cut_short(at);
      dropped_.insert("system exclusive messages");
      continue;
    }
    if (status > 0xf0) return fail(at, "a status byte that files don't have");
    std::uint8_t first = 0, second = 0;
    if (status < 0x80) {
      if (running == 0) return fail(at, "data without a status byte before it");
      first = *lead;
      status = running;
    } else {
      running = status;
      const auto byte = in.u8();
      if (!byte) return cut_short(at);
      first = *byte;
    }
    const int kind = status & 0xf0;
    if (kind != 0xc0 && kind != 0xd0) {
      const auto byte = in.u8();
      if (!byte) return cut_short(at);
      second = *byte;
    }
    channel_event(status, first & 0x7f, second & 0x7f, now);
  }

  end_track(scaled(midi_ticks));
  return Done{};
}

void MidiReader::end_track(Ticks end) {
  // Notes that nobody ended end with the track.
  for (const auto& [key, notes] : sounding_) {
    for (const auto& [part, index] : notes) {
      music::Note& note = reading_.score.parts[part].notes[index];
      note.duration = std::max(Ticks{1}, end - note.onset);
      dropped_.insert("the missing ends of notes that never stop");
    }
  }
  auto& parts = reading_.score.parts;
  for (std::size_t i = first_part_; i < parts.size(); ++i) parts[i].name = track_name_;
  if (parts.size() > first_part_) {
    const std::span own(parts.data() + first_part_, parts.size() - first_part_);
    own[part_sung(words_.lyrics(), own)].lyrics = std::move(words_).take_lyrics();
  } else {
    auto sung = std::move(words_).take_sung();
    loose_lyrics_.insert(loose_lyrics_.end(), std::make_move_iterator(sung.begin()),
                         std::make_move_iterator(sung.end()));
  }
  if (parts.size() == first_part_ && track_ == 0) reading_.score.title = track_name_;
}

void MidiReader::meta_event(int type, ByteView data, Ticks at) {
  music::Score& score = reading_.score;
  if (type == 0x03 && track_name_.empty()) {
    track_name_ = name_of(as_text(data));
  } else if (type == 0x01) {
    words_.add_text(at, as_text(data));
  } else if (type == 0x05) {
    words_.add_lyric(at, as_text(data));
  } else if (type == 0x51 && data.size() == 3) {
    const int microseconds = data[0] << 16 | data[1] << 8 | data[2];
    const auto tempo = music::Tempo::of(60e6 / std::max(microseconds, 1));
    if (tempo) score.tempos.push_back({at, *tempo});
    if (!tempo) dropped_.insert("tempos outside of 4 to 1000 quarters a minute");
  } else if (type == 0x58 && data.size() >= 2) {
    const auto meter = music::Meter::of(data[0], data[1] <= 6 ? 1 << data[1] : 0);
    if (meter) score.meters.push_back({at, *meter});
    if (!meter) dropped_.insert("meters that can't be");
  } else if (type == 0x59 && data.size() == 2) {
    const int fifths = data[0] < 128 ? data[0] : data[0] - 256;
    const auto mode = data[1] == 1 ? music::Mode::minor : music::Mode::major;
    if (fifths >= -7 && fifths <= 7) score.keys.push_back({at, music::Key{fifths, mode}});
  }
}

void MidiReader::channel_event(int status, std::uint8_t first, std::uint8_t second, Ticks at) {
  const int channel = status & 0x0f;
  switch (status & 0xf0) {
    case 0x80:
      note_off(channel, first, at);
      break;
    case 0x90:
      second > 0 ? note_on(channel, first, second, at) : note_off(channel, first, at);
      break;
    case 0xc0:
      programs_[static_cast<std::size_t>(channel)] = first;
      break;
    case 0xa0:
    case 0xd0:
      dropped_.insert("aftertouch");
      break;
    case 0xb0:
      dropped_.insert(first == 64 ? "pedal" : "controllers");
      break;
    case 0xe0:
      dropped_.insert("pitch bend");
      break;
    default:
      break;
  }
}

// A track is a part for each channel and program that it plays on.
std::size_t MidiReader::part_of(int channel) {
  auto& parts = reading_.score.parts;
  const std::uint8_t program = programs_[static_cast<std::size_t>(channel)];
  const bool drums = channel == drum_channel;
  // While a track is read, its parts carry their channel as a name.
  const std::string mark(1, static_cast<char>('a' + channel));
  for (std::size_t i = first_part_; i < parts.size(); ++i) {
    if (parts[i].name == mark && parts[i].program == program) return i;
  }
  Part part;
  part.name = mark;
  part.program = program;
  part.drums = drums;
  part.velocities_known = true;
  parts.push_back(std::move(part));
  return parts.size() - 1;
}

void MidiReader::note_on(int channel, std::uint8_t pitch, std::uint8_t velocity, Ticks at) {
  const std::size_t part = part_of(channel);
  auto& notes = reading_.score.parts[part].notes;
  sounding_[{channel, pitch}].emplace_back(part, notes.size());
  notes.push_back({at, Ticks{1}, pitch, velocity});
}

void MidiReader::note_off(int channel, std::uint8_t pitch, Ticks at) {
  const auto found = sounding_.find({channel, pitch});
  if (found == sounding_.end() || found->second.empty()) return;
  const auto [part, index] = found->second.front();
  found->second.pop_front();
  music::Note& note = reading_.score.parts[part].notes[index];
  note.duration = std::max(Ticks{1}, at - note.onset);
}

}  // namespace

Result<Reading> read_midi(ByteView bytes, std::string_view name) {
  return MidiReader(bytes, name).read();
}

}  // namespace antiphon::formats
