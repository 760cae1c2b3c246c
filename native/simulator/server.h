// The OPC DA server object, one per client.
#pragma once

#include "group.h"

namespace understudy::simulator {

class Server : public ComObject<IOPCServer, IOPCCommon, IConnectionPointContainer, IOPCItemProperties,
                                IOPCBrowseServerAddressSpace, IOPCBrowse, IOPCItemIO> {
 public:
  explicit Server(std::shared_ptr<World> world) : world_(std::move(world)) {}

  // IOPCServer
  STDMETHODIMP AddGroup(LPCWSTR, BOOL, DWORD, OPCHANDLE, LONG*, FLOAT*, DWORD, OPCHANDLE*, DWORD*, REFIID,
                        LPUNKNOWN*) override;
  STDMETHODIMP GetErrorString(HRESULT, LCID, LPWSTR*) override;
  STDMETHODIMP GetGroupByName(LPCWSTR, REFIID, LPUNKNOWN*) override;
  STDMETHODIMP GetStatus(OPCSERVERSTATUS**) override;
  STDMETHODIMP RemoveGroup(OPCHANDLE, BOOL) override;
  STDMETHODIMP CreateGroupEnumerator(OPCENUMSCOPE, REFIID, LPUNKNOWN*) override;

  // IOPCCommon
  STDMETHODIMP SetLocaleID(LCID) override;
  STDMETHODIMP GetLocaleID(LCID*) override;
  STDMETHODIMP QueryAvailableLocaleIDs(DWORD*, LCID**) override;
  STDMETHODIMP GetErrorString(HRESULT, LPWSTR*) override;
  STDMETHODIMP SetClientName(LPCWSTR) override;

  // IConnectionPointContainer
  STDMETHODIMP EnumConnectionPoints(IEnumConnectionPoints**) override { return E_NOTIMPL; }
  STDMETHODIMP FindConnectionPoint(REFIID, IConnectionPoint**) override;

  // IOPCItemProperties
  STDMETHODIMP QueryAvailableProperties(LPWSTR, DWORD*, DWORD**, LPWSTR**, VARTYPE**) override;
  STDMETHODIMP GetItemProperties(LPWSTR, DWORD, DWORD*, VARIANT**, HRESULT**) override;
  STDMETHODIMP LookupItemIDs(LPWSTR, DWORD, DWORD*, LPWSTR**, HRESULT**) override;

  // IOPCBrowseServerAddressSpace
  STDMETHODIMP QueryOrganization(OPCNAMESPACETYPE*) override;
  STDMETHODIMP ChangeBrowsePosition(OPCBROWSEDIRECTION, LPCWSTR) override;
  STDMETHODIMP BrowseOPCItemIDs(OPCBROWSETYPE, LPCWSTR, VARTYPE, DWORD, LPENUMSTRING*) override;
  STDMETHODIMP GetItemID(LPCWSTR, LPWSTR*) override;
  STDMETHODIMP BrowseAccessPaths(LPCWSTR, LPENUMSTRING*) override;

  // IOPCBrowse
  STDMETHODIMP GetProperties(DWORD, LPWSTR*, BOOL, DWORD, DWORD*, OPCITEMPROPERTIES**) override;
  STDMETHODIMP Browse(LPWSTR, LPWSTR*, DWORD, OPCBROWSEFILTER, LPWSTR, LPWSTR, BOOL, BOOL, DWORD, DWORD*, BOOL*, DWORD*,
                      OPCBROWSEELEMENT**) override;

  // IOPCItemIO
  STDMETHODIMP Read(DWORD, LPCWSTR*, DWORD*, VARIANT**, WORD**, FILETIME**, HRESULT**) override;
  STDMETHODIMP WriteVQT(DWORD, LPCWSTR*, OPCITEMVQT*, HRESULT**) override;

 private:
  ~Server() override;
  HRESULT AddGroup(GroupSettings settings, OPCHANDLE* handle, REFIID iid, IUnknown** out);
  bool IsNameTaken(const std::wstring& name) const;

  const std::shared_ptr<World> world_;
  mutable std::mutex mutex_;
  std::map<OPCHANDLE, ComPtr<Group>> groups_;
  OPCHANDLE last_group_ = 0;
  LCID locale_ = LOCALE_SYSTEM_DEFAULT;
  std::wstring client_name_;
  std::vector<std::wstring> position_;
};

}  // namespace understudy::simulator
