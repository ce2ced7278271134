# Why a crossing went as it did: to the traveler, to the officer, and what to do next.
