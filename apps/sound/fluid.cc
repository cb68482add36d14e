// SPDX-License-Identifier: Apache-2.0
#include "sound/fluid.h"

namespace antiphon::sound {

FluidSettings make_settings() {
  for (const int level : {FLUID_PANIC, FLUID_ERR, FLUID_WARN, FLUID_INFO, FLUID_DBG}) {
    fluid_set_log_function(level, nullptr, nullptr);
  }
  FluidSettings settings(new_fluid_settings());
  fluid_settings_setint(settings.get(), "synth.cpu-cores", 1);
  fluid_settings_setint(settings.get(), "synth.dynamic-sample-loading", 1);
  return settings;
}

Result<FluidSynth> make_synth(fluid_settings_t* settings, const std::filesystem::path& soundfont) {
  FluidSynth synth(new_fluid_synth(settings));
  if (!synth) return Error{Errc::internal, "FluidSynth can't be started"};
  if (fluid_synth_sfload(synth.get(), soundfont.c_str(), 1) == FLUID_FAILED) {
    return Error{Errc::invalid_input, soundfont.string() + ": the soundfont can't be loaded"};
  }
  return synth;
}

}  // namespace antiphon::sound
