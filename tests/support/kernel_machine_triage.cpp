// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_file.h"

namespace vigil::test {

std::string triage_dump(const KernelMachine& machine, bool kernel_generated) {
  static_cast<void>(kernel_generated);
  return kernel_header(machine, dump_traits(KernelDumpKind::TriageClassic)).bytes();
}

}  // namespace vigil::test
