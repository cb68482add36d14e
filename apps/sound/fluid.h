// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fluidsynth.h>

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace antiphon::sound {

struct DeleteSettings {
  void operator()(fluid_settings_t* settings) const { delete_fluid_settings(settings); }
};
struct DeleteSynth {
  void operator()(fluid_synth_t* synth) const { delete_fluid_synth(synth); }
};
using FluidSettings = std::unique_ptr<fluid_settings_t, DeleteSettings>;
using FluidSynth = std::unique_ptr<fluid_synth_t, DeleteSynth>;

/// FluidSynth's settings as we always have them. From here on the library prints nothing: what it
/// dislikes we say ourselves.
FluidSettings make_settings();

/// A synthesizer with a soundfont, which loads samples when an instrument is chosen. Errors: the
/// file can't be loaded.
Result<FluidSynth> make_synth(fluid_settings_t* settings, const std::filesystem::path& soundfont);

}  // namespace antiphon::sound
