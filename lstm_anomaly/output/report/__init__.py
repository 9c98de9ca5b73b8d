"""Reports as one HTML file that opens anywhere; needs the packages of the extra `report`."""
