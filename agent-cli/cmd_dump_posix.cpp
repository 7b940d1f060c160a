// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

namespace vigil::cli {

ExitCode run_dump(const Context& /*context*/, const DumpOptions& /*options*/) {
  say("vigil: taking dumps needs Windows; on this system vigil analyzes and queries\n");
  return ExitCode::Failed;
}

}  // namespace vigil::cli
