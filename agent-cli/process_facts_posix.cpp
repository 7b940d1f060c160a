// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

namespace vigil::cli {

Result<rules::ProcessFacts> facts_of_process(ProcessId) {
  return Error{Errc::Unsupported,
               "processes are watched on Windows only; describe one with --process"};
}

}  // namespace vigil::cli
