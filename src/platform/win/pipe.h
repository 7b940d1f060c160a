// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "platform/win/handle.h"

namespace vigil::platform {

enum class PipeDirection : unsigned char { FromChild, ToChild };

/// The two ends of a pipe to a child process: ours is for overlapped I/O, the child's is an
/// ordinary inheritable handle. The name exists once, cannot be guessed, and cannot be reached from
/// the network.
struct ChildPipe {
  FileHandle ours;
  FileHandle childs;
};
[[nodiscard]] Result<ChildPipe> create_child_pipe(PipeDirection direction);

}  // namespace vigil::platform
