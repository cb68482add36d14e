// SPDX-License-Identifier: Apache-2.0
#include "live/link_clock.h"

namespace antiphon::live {

Result<std::unique_ptr<Clock>> join_link(music::Tempo, double) {
  return Error{Errc::unsupported,
               "this program was built without Ableton Link: -DANTIPHON_LINK=ON builds it in, and "
               "puts it under the GPL"};
}

}  // namespace antiphon::live
