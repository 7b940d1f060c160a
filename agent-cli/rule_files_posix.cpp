// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

namespace vigil::cli {

rules::Objection rule_file_objection() {
  return {};
}

Result<Subject> subject_of_process(ProcessId) {
  return Error{Errc::Unsupported,
               "processes are watched on Windows only; describe one with --process"};
}

}  // namespace vigil::cli
