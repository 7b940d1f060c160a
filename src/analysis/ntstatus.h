// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace vigil::analysis {

/// `STATUS_NO_SUCH_DEVICE`: the warnings and errors of ntstatus.h that the kernel, its file systems
/// and its drivers give. Empty: none of these.
[[nodiscard]] std::string ntstatus_name(std::uint32_t status);

}  // namespace vigil::analysis
