// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "formats/format.h"

namespace antiphon::formats {
namespace {

constexpr int tunes = 10000, files = 1000, bars = 32;

// Tunes like those of session books: two parts of eight bars, each repeated, with chord symbols,
// broken rhythm, triplets and a line of words.
std::string tune_book() {
  Random random(1);
  const auto pick = [&](std::string_view letters) { return letters[random.below(letters.size())]; };
  std::string book;
  for (int tune = 1; tune <= tunes; ++tune) {
    book += "X:" + std::to_string(tune) + "\nT:Tune " + std::to_string(tune) +
            "\nM:4/4\nL:1/8\nQ:1/4=120\nK:" + pick("CDGAF") + "\n";
    for (int line = 0; line < 4; ++line) {
      book += "|:";
      for (int bar = 0; bar < 4; ++bar) {
        book += std::string("\"") + pick("CDG") + "\"" + pick("ABcdef") + "2" + pick("ABcdef") +
                ">" + pick("ABcdef") + " (3" + pick("ABc") + pick("def") + pick("ABc") + " ^" +
                pick("fgc") + pick("ABcdef") + (bar < 3 ? "|" : ":|");
      }
      book += "\nw: la la la la la la la la\n";
    }
    book += "\n";
  }
  return book;
}

// Piano pieces of some 1,200 notes: a melody in eighths over chords.
std::vector<Bytes> midi_files() {
  Random random(2);
  std::vector<Bytes> made;
  for (int file = 0; file < files; ++file) {
    music::Score score;
    score.parts.resize(2);
    for (int beat = 0; beat < bars * 8; ++beat) {
      const music::Ticks at{beat * 480};
      const auto pitch = static_cast<std::uint8_t>(60 + random.below(24));
      score.parts[0].notes.push_back({at, {480}, pitch, 90});
      for (std::uint64_t voice = 0; voice < 4; ++voice) {
        score.parts[1].notes.push_back(
            {at, {480}, static_cast<std::uint8_t>(36 + 5 * voice + random.below(5)), 60});
      }
    }
    made.push_back(write_midi(score));
  }
  return made;
}

void ReadAbcTunes(benchmark::State& state) {
  const std::string book = tune_book();
  for (auto _ : state) {
    std::size_t notes = 0;
    const auto readings = read_abc_tunes(as_bytes(book), "book.abc");
    for (const auto& reading : readings) {
      if (reading) notes += reading->score.parts.at(0).notes.size();
    }
    // Four lines of four bars, played twice; eight notes a bar.
    if (readings.size() != tunes || notes != std::size_t{tunes} * 4 * 4 * 2 * 8) {
      state.SkipWithError("the tunes were not read as they were written");
    }
  }
  state.SetItemsProcessed(state.iterations() * tunes);
}

void ReadMidiFiles(benchmark::State& state) {
  const std::vector<Bytes> made = midi_files();
  for (auto _ : state) {
    std::size_t notes = 0;
    for (const Bytes& bytes : made) {
      const auto reading = read_midi(bytes, "piece.mid");
      if (!reading) continue;
      for (const auto& part : reading->score.parts) notes += part.notes.size();
    }
    if (notes != std::size_t{files} * bars * 8 * 5) {
      state.SkipWithError("the files were not read as they were written");
    }
  }
  state.SetItemsProcessed(state.iterations() * files);
}

BENCHMARK(ReadAbcTunes)->Unit(benchmark::kMillisecond);
BENCHMARK(ReadMidiFiles)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace antiphon::formats
