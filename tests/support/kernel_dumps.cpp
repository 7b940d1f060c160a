// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/kernel_machine.h"

/// Writes dumps of made machines, for tests and benchmarks that start programs:
///
///   kernel_dumps KIND BUILD CRASH FILE      bitmap_kernel 19041 driver_irql MEMORY.DMP
///   kernel_dumps sparse GIB FILE            a bitmap dump of so much memory, with holes
namespace {

using vigil::test::KernelCrash;
using vigil::test::KernelDumpKind;

template <class Value>
struct Named {
  std::string_view name;
  Value value;
};

constexpr std::array kKinds{
    Named<KernelDumpKind>{"full", KernelDumpKind::Full},
    Named<KernelDumpKind>{"summary", KernelDumpKind::Summary},
    Named<KernelDumpKind>{"summary_old", KernelDumpKind::SummaryOld},
    Named<KernelDumpKind>{"header", KernelDumpKind::Header},
    Named<KernelDumpKind>{"triage_classic", KernelDumpKind::TriageClassic},
    Named<KernelDumpKind>{"triage_kernel_generated", KernelDumpKind::TriageKernelGenerated},
    Named<KernelDumpKind>{"bitmap_full", KernelDumpKind::BitmapFull},
    Named<KernelDumpKind>{"bitmap_kernel", KernelDumpKind::BitmapKernel},
    Named<KernelDumpKind>{"automatic", KernelDumpKind::Automatic},
    Named<KernelDumpKind>{"active", KernelDumpKind::Active},
    Named<KernelDumpKind>{"live_kernel", KernelDumpKind::LiveKernel},
    Named<KernelDumpKind>{"live_kernel_user", KernelDumpKind::LiveKernelUser},
    Named<KernelDumpKind>{"live_complete", KernelDumpKind::LiveComplete},
};

constexpr std::array kCrashes{
    Named<KernelCrash>{"driver_irql", KernelCrash::DriverIrql},
    Named<KernelCrash>{"system_service", KernelCrash::SystemService},
    Named<KernelCrash>{"system_thread", KernelCrash::SystemThread},
    Named<KernelCrash>{"security_check", KernelCrash::SecurityCheck},
    Named<KernelCrash>{"manually_started", KernelCrash::ManuallyStarted},
    Named<KernelCrash>{"critical_process", KernelCrash::CriticalProcess},
    Named<KernelCrash>{"power_state", KernelCrash::PowerState},
};

template <class Table>
auto find(const Table& table, std::string_view name) {
  std::string names;
  for (const auto& entry : table) {
    if (entry.name == name) return entry.value;
    names += " " + std::string(entry.name);
  }
  throw std::invalid_argument("there is no '" + std::string(name) + "'; there are:" + names);
}

void save(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("could not write " + path);
}

void run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[0] == "sparse") {
    const auto machine = vigil::test::make_kernel_machine();
    return vigil::test::write_sparse_dump(machine, KernelDumpKind::BitmapKernel,
                                          std::stoull(arguments[1]) << 30, arguments[2]);
  }
  if (arguments.size() != 4) {
    throw std::invalid_argument("kernel_dumps KIND BUILD CRASH FILE | sparse GIB FILE");
  }
  const auto build = static_cast<std::uint32_t>(std::stoul(arguments[1]));
  const auto machine =
      vigil::test::make_kernel_machine({.build = build, .crash = find(kCrashes, arguments[2])});
  save(arguments[3], machine.dump(find(kKinds, arguments[0])));
}

}  // namespace

int main(int count, char** values) {
  try {
    run(std::vector<std::string>(values + 1, values + count));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "kernel_dumps: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
