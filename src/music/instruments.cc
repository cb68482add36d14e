// SPDX-License-Identifier: Apache-2.0
#include "music/instruments.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace antiphon::music {
namespace {

struct Instrument {
  std::string_view name;
  PitchRange range;
};

// Ranges are those of Adler, "The Study of Orchestration" (2002) for acoustic instruments, and the
// keyboard's for what has no body.
constexpr PitchRange keyboard{21, 108};
constexpr std::array<Instrument, 128> instruments = {{
    {"Acoustic Grand Piano", keyboard},
    {"Bright Acoustic Piano", keyboard},
    {"Electric Grand Piano", keyboard},
    {"Honky-tonk Piano", keyboard},
    {"Electric Piano 1", {28, 103}},
    {"Electric Piano 2", {28, 103}},
    {"Harpsichord", {29, 89}},
    {"Clavi", {36, 96}},
    {"Celesta", {60, 108}},
    {"Glockenspiel", {72, 108}},
    {"Music Box", {60, 84}},
    {"Vibraphone", {53, 89}},
    {"Marimba", {48, 96}},
    {"Xylophone", {65, 96}},
    {"Tubular Bells", {60, 77}},
    {"Dulcimer", {60, 84}},
    {"Drawbar Organ", {36, 96}},
    {"Percussive Organ", {36, 96}},
    {"Rock Organ", {36, 96}},
    {"Church Organ", {24, 108}},
    {"Reed Organ", {36, 96}},
    {"Accordion", {41, 89}},
    {"Harmonica", {60, 84}},
    {"Tango Accordion", {41, 89}},
    {"Acoustic Guitar (nylon)", {40, 84}},
    {"Acoustic Guitar (steel)", {40, 84}},
    {"Electric Guitar (jazz)", {40, 86}},
    {"Electric Guitar (clean)", {40, 86}},
    {"Electric Guitar (muted)", {40, 86}},
    {"Overdriven Guitar", {40, 86}},
    {"Distortion Guitar", {40, 86}},
    {"Guitar harmonics", {40, 86}},
    {"Acoustic Bass", {28, 60}},
    {"Electric Bass (finger)", {28, 60}},
    {"Electric Bass (pick)", {28, 60}},
    {"Fretless Bass", {28, 60}},
    {"Slap Bass 1", {28, 60}},
    {"Slap Bass 2", {28, 60}},
    {"Synth Bass 1", {28, 60}},
    {"Synth Bass 2", {28, 60}},
    {"Violin", {55, 100}},
    {"Viola", {48, 88}},
    {"Cello", {36, 81}},
    {"Contrabass", {28, 62}},
    {"Tremolo Strings", {28, 96}},
    {"Pizzicato Strings", {28, 96}},
    {"Orchestral Harp", {24, 103}},
    {"Timpani", {38, 57}},
    {"String Ensemble 1", {28, 96}},
    {"String Ensemble 2", {28, 96}},
    {"SynthStrings 1", {28, 96}},
    {"SynthStrings 2", {28, 96}},
    {"Choir Aahs", {40, 84}},
    {"Voice Oohs", {40, 84}},
    {"Synth Voice", {40, 84}},
    {"Orchestra Hit", {48, 72}},
    {"Trumpet", {54, 86}},
    {"Trombone", {34, 74}},
    {"Tuba", {26, 65}},
    {"Muted Trumpet", {54, 82}},
    {"French Horn", {34, 77}},
    {"Brass Section", {36, 86}},
    {"SynthBrass 1", {36, 96}},
    {"SynthBrass 2", {36, 96}},
    {"Soprano Sax", {56, 88}},
    {"Alto Sax", {49, 81}},
    {"Tenor Sax", {44, 76}},
    {"Baritone Sax", {36, 69}},
    {"Oboe", {58, 91}},
    {"English Horn", {52, 81}},
    {"Bassoon", {34, 75}},
    {"Clarinet", {50, 94}},
    {"Piccolo", {74, 108}},
    {"Flute", {59, 98}},
    {"Recorder", {60, 86}},
    {"Pan Flute", {60, 96}},
    {"Blown Bottle", {60, 96}},
    {"Shakuhachi", {55, 84}},
    {"Whistle", {60, 96}},
    {"Ocarina", {60, 84}},
    {"Lead 1 (square)", keyboard},
    {"Lead 2 (sawtooth)", keyboard},
    {"Lead 3 (calliope)", keyboard},
    {"Lead 4 (chiff)", keyboard},
    {"Lead 5 (charang)", keyboard},
    {"Lead 6 (voice)", keyboard},
    {"Lead 7 (fifths)", keyboard},
    {"Lead 8 (bass + lead)", keyboard},
    {"Pad 1 (new age)", keyboard},
    {"Pad 2 (warm)", keyboard},
    {"Pad 3 (polysynth)", keyboard},
    {"Pad 4 (choir)", keyboard},
    {"Pad 5 (bowed)", keyboard},
    {"Pad 6 (metallic)", keyboard},
    {"Pad 7 (halo)", keyboard},
    {"Pad 8 (sweep)", keyboard},
    {"FX 1 (rain)", keyboard},
    {"FX 2 (soundtrack)", keyboard},
    {"FX 3 (crystal)", keyboard},
    {"FX 4 (atmosphere)", keyboard},
    {"FX 5 (brightness)", keyboard},
    {"FX 6 (goblins)", keyboard},
    {"FX 7 (echoes)", keyboard},
    {"FX 8 (sci-fi)", keyboard},
    {"Sitar", {48, 77}},
    {"Banjo", {48, 86}},
    {"Shamisen", {50, 79}},
    {"Koto", {55, 84}},
    {"Kalimba", {48, 79}},
    {"Bag pipe", {58, 77}},
    {"Fiddle", {55, 96}},
    {"Shanai", {60, 84}},
    {"Tinkle Bell", {72, 108}},
    {"Agogo", {60, 84}},
    {"Steel Drums", {52, 84}},
    {"Woodblock", {60, 84}},
    {"Taiko Drum", {36, 60}},
    {"Melodic Tom", {36, 72}},
    {"Synth Drum", {36, 72}},
    {"Reverse Cymbal", keyboard},
    {"Guitar Fret Noise", keyboard},
    {"Breath Noise", keyboard},
    {"Seashore", keyboard},
    {"Bird Tweet", keyboard},
    {"Telephone Ring", keyboard},
    {"Helicopter", keyboard},
    {"Applause", keyboard},
    {"Gunshot", keyboard},
}};

constexpr std::array<std::pair<std::string_view, int>, 27> short_names = {{
    {"piano", 0},          {"harpsichord", 6},
    {"organ", 19},         {"accordion", 21},
    {"guitar", 24},        {"bass", 32},
    {"double bass", 43},   {"strings", 48},
    {"choir", 52},         {"voice", 52},
    {"soprano", 52},       {"alto", 52},
    {"tenor", 52},         {"baritone", 52},
    {"horn", 60},          {"brass", 61},
    {"sax", 65},           {"saxophone", 65},
    {"harp", 46},          {"vibes", 11},
    {"epiano", 4},         {"keys", 4},
    {"pipes", 109},        {"bagpipe", 109},
    {"violoncello", 42},   {"electric guitar", 27},
    {"electric bass", 33},
}};

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::string_view program_name(int program) {
  return instruments[static_cast<std::size_t>(program & 127)].name;
}

PitchRange range_of(int program) {
  return instruments[static_cast<std::size_t>(program & 127)].range;
}

std::optional<int> program_named(std::string_view name) {
  for (const auto& [short_name, program] : short_names) {
    if (same_letters(name, short_name)) return program;
  }
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    if (same_letters(name, instruments[i].name)) return static_cast<int>(i);
  }
  return std::nullopt;
}

}  // namespace antiphon::music
