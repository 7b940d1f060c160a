// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

/// IRP, IO_STACK_LOCATION, DEVICE_OBJECT and DRIVER_OBJECT of wdm.h, of 64 and 32 bits.
struct IoLayout {
  std::uint64_t stack_location, device, driver, start, name;
};
constexpr IoLayout kIo64 = {0xb8, 0x28, 0x08, 0x18, 0x38};
constexpr IoLayout kIo32 = {0x60, 0x14, 0x08, 0x0c, 0x1c};
/// Both begin with their type: IO_TYPE_IRP, IO_TYPE_DEVICE, IO_TYPE_DRIVER.
constexpr std::uint16_t kIrpType = 6, kDeviceType = 3, kDriverType = 4;

void read_driver(Kernel& kernel, const IoLayout& at, snapshot::KernelRequest& request) {
  const auto driver = kernel.pointer(request.device + at.driver);
  if (kernel.read<std::uint16_t>(request.device) != kDeviceType || !driver) return;
  if (kernel.read<std::uint16_t>(*driver) != kDriverType) return;
  request.driver_object = *driver;
  request.driver_start = kernel.pointer(*driver + at.start).value_or(0);
  request.driver_name = kernel.unicode_string(*driver + at.name);
}

}  // namespace

void read_request(Kernel& kernel) {
  const auto& at = kernel.header.is_64bit ? kIo64 : kIo32;
  const auto address = snapshot::named_request(kernel.state.bugcheck);
  if (!address) return;
  snapshot::KernelRequest request;
  request.address = *address;
  if (kernel.read<std::uint16_t>(request.address) != kIrpType) return;
  const auto location = kernel.pointer(request.address + at.stack_location);
  if (location && kernel.is_kernel_address(*location)) {
    request.major_function = kernel.read<std::uint8_t>(*location);
    request.minor_function = kernel.read<std::uint8_t>(*location + 1);
    request.device = kernel.pointer(*location + at.device).value_or(0);
    if (kernel.is_kernel_address(request.device)) read_driver(kernel, at, request);
  }
  kernel.state.request = std::move(request);
}

}  // namespace vigil::kerneldump
