// Who may connect to the broker's named pipe.
#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace understudy::hook {

struct PipeAccess {
  // In SDDL; empty where a principal is not known.
  std::wstring sddl;
  // The principal that is neither a SID nor the name of an account.
  std::wstring unknown;
};

// The access list for the user of this process and these principals (SIDs or names of accounts and groups). Nobody
// reaches the pipe over the network. Clients may read and write, but make no pipe of the same name themselves.
PipeAccess PipeAccessFor(const std::vector<std::wstring>& principals);

// Gives the pipe, of which one end must be free, this access list. Its owner and administrators may do that.
DWORD SetPipeAccess(const std::wstring& name, const std::wstring& sddl);

// pipe-access NAME PRINCIPAL...   sets it; pipe-sddl PRINCIPAL... only tells it. Prints "ok SDDL" or "error CODE TEXT".
int PipeAccessCommand(const std::vector<std::wstring>& arguments);

}  // namespace understudy::hook
